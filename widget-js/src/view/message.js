/** One line of the transcript. */

import { link } from "../markdown/links.js";
import { patch } from "../markdown/tree.js";
import { renderMarkdown } from "../markdown.js";
import { wayOf } from "./delivery.js";
import { buttonOf, setText } from "./dom.js";

/** @import { Message, State, View } from "../types.js" */
/** @import { Words } from "../i18n/strings.js" */
/** @import { H } from "./dom.js" */

/** @param {View} view @param {string} kind @param {...(Node | string)} kids */
const lineOf = ({ h, words }, kind, ...kids) =>
  h(
    "div",
    `line ${kind}`,
    { part: `message message-${kind}` },
    h("span", "hidden", {}, `${kind === "user" ? words.you : words.agent} `),
    ...kids,
  );

/** @param {H} h @param {string} kind */
export const bubbleOf = (h, kind) =>
  h("div", "bubble", { dir: "auto", part: `bubble bubble-${kind}` });

/** How an answer ended, where it did not end well. @param {string} status @param {Words} words */
export const endOf = (status, words) =>
  status === "complete" ? "" : status === "stopped" ? words.stopped : words.failed;

/**
 * An answer, the greeting, or a note in place of an answer.
 * @param {View} view
 * @param {Message} message
 */
export function answerLine(view, { role, content, status, sources }) {
  const { h, words } = view;
  const body = bubbleOf(h, role);
  renderMarkdown(body, content, words.copy);
  if (sources.length) {
    const list = h("ul");
    for (const { title, url } of sources) {
      const kids = link(url, [title || url]);
      patch(list, null, { tag: "li", kids });
    }
    body.append(h("div", "sources", {}, words.sources, list));
  }
  const node = lineOf(view, role, body);
  const end = role === "note" ? "" : endOf(status, words);
  if (end) node.append(h("span", "status", {}, end));
  body.hidden = !body.firstChild;
  return { node };
}

/**
 * A message of the visitor, on its way or arrived.
 * @param {View} view
 * @param {{ content: string }} message
 * @param {(cid: string) => void} onEdit
 */
export function visitorLine(view, { content }, onEdit) {
  const { h, words, actions } = view;
  const status = h("span", "status");
  const foot = h("div", "foot", {}, status);
  const body = bubbleOf(h, "user");
  body.append(content);
  const node = lineOf(view, "user", body, foot);
  let failed = false;
  return {
    node,
    /** @param {any} now a Message or a Pending @param {State} state */
    render(now, state) {
      const { cid } = now;
      setText(status, now.failed || (cid ? words[wayOf(now, state)] : ""));
      if (failed === !!now.failed) return;
      failed = !failed;
      node.classList.toggle("failed", failed);
      foot.replaceChildren(status);
      if (!failed) return;
      foot.append(
        buttonOf(h, "", words.retry, () => actions.retry(cid)),
        buttonOf(h, "", words.edit, () => onEdit(cid)),
      );
    },
  };
}
