/** One line of the transcript. */

import { link } from "../markdown/links.js";
import { patch } from "../markdown/tree.js";
import { renderMarkdown } from "../markdown.js";
import { deliveryOf } from "./delivery.js";
import { setText } from "./dom.js";

/** @import { Message, State, View } from "../types.js" */
/** @import { Strings } from "../i18n/strings.js" */
/** @import { H } from "./dom.js" */

/** @param {View} view @param {string} kind @param {string} who @param {...(Node | string)} kids */
const lineOf = ({ h }, kind, who, ...kids) =>
  h(
    "div",
    `line ${kind}`,
    { part: `message message-${kind}` },
    h("span", "hidden", {}, `${who} `),
    ...kids,
  );

/** @param {H} h @param {string} kind */
export const bubbleOf = (h, kind) =>
  h("div", "bubble", { dir: "auto", part: `bubble bubble-${kind}` });

/** Return how an answer ended if it is not complete. @param {string} status @param {Strings} strings */
export const endOf = (status, strings) =>
  status === "complete" ? "" : status === "stopped" ? strings.stopped : strings.failed;

/**
 * Create the line of an answer, of the greeting, or of a note in place of an answer.
 * @param {View} view
 * @param {Message} message
 */
export function answerLine(view, { role, kind, author, content, status, sources }) {
  const { h, strings } = view;
  const look = kind === "notice" ? kind : role;
  const who = author?.name ? `${author.name}:` : look === kind ? "" : strings.agent;
  const body = bubbleOf(h, look);
  // What the text cites as [1] is the first source.
  const targets = sources.map(({ url }, index) => `[${index + 1}]: ${url}\n`);
  renderMarkdown(body, targets.join("") + content, strings.copy);
  if (sources.length) {
    const list = h("ul");
    for (const { title, url } of sources) {
      const kids = link(url, [title || url]);
      patch(list, null, { tag: "li", attrs: { dir: "auto" }, kids });
    }
    body.append(h("div", "sources", {}, strings.sources, list));
  }
  const node = lineOf(view, look, who, body);
  const end = role === "note" ? "" : endOf(status, strings);
  if (end) node.append(h("span", "status", {}, end));
  body.hidden = !body.firstChild;
  return { node };
}

/**
 * Create the line of a visitor's message, with or without an ack.
 * @param {View} view
 * @param {{ content: string }} message
 */
export function visitorLine(view, { content }) {
  const { h, strings } = view;
  const status = h("span", "status");
  const foot = h("div", "foot", {}, status);
  const body = bubbleOf(h, "user");
  body.append(content);
  const node = lineOf(view, "user", strings.you, body, foot);
  return {
    node,
    /** @param {any} now a Message or a Pending @param {State} state @param {boolean} waits for its turn */
    render(now, state, waits) {
      const { cid } = now;
      setText(
        status,
        now.failed || (cid ? strings[deliveryOf(now, state)] : waits ? strings.next : ""),
      );
      node.classList.toggle("failed", !!now.failed);
    },
  };
}
