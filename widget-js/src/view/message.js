/** One line of the transcript. */

import { link } from "../markdown/links.js";
import { patch } from "../markdown/tree.js";
import { renderMarkdown } from "../markdown.js";
import { buttonOf, icon, set, setText } from "./dom.js";

/** @import { Message, Pending, State, View } from "../types.js" */

const THUMB =
  "M7 21H4V10h3m0 11V10l4-7c1.5 0 2.5 1 2.5 2.5V9H19a2 2 0 0 1 2 2.3l-1.2 8A2 2 0 0 1 17.8 21H7z";
/** @param {View} view @param {string} kind @param {...(Node | string)} kids */
const lineOf = ({ h, words }, kind, ...kids) =>
  h(
    "div",
    `line ${kind}`,
    {},
    h("span", "hidden", {}, `${kind === "user" ? words.you : words.agent} `),
    ...kids,
  );

/** @param {View} view @param {string} id */
function thumbsOf({ h, doc, words, actions }, id) {
  const up = buttonOf(h, "thumb", words.good, () => toggle(up, "up"), icon(doc, THUMB));
  const down = buttonOf(h, "thumb", words.bad, () => toggle(down, "down"), icon(doc, THUMB));
  /** @param {Element} button @param {"up" | "down"} rating */
  const toggle = (button, rating) =>
    actions.rate(id, button.getAttribute("aria-pressed") === "true" ? null : rating);
  return {
    node: h("div", "thumbs", {}, up, down),
    /** @param {Message} now @param {State} state */
    render({ feedback }, { ready, v2 }) {
      set(up, "aria-pressed", `${feedback === "up"}`);
      set(down, "aria-pressed", `${feedback === "down"}`);
      up.disabled = down.disabled = !ready || !v2;
    },
  };
}

/**
 * An answer, the greeting, or a note in place of an answer.
 * @param {View} view
 * @param {Message} message
 */
export function answerLine(view, { id, role, content, status, sources }) {
  const { h, words } = view;
  const body = h("div", "bubble", { dir: "auto" });
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
  if (status !== "complete" && role !== "note") {
    node.append(h("span", "status", {}, status === "stopped" ? words.stopped : words.failed));
  }
  const thumbs = id && role === "assistant" ? thumbsOf(view, id) : null;
  if (thumbs) node.append(thumbs.node);
  return { node, render: thumbs?.render };
}

/** @param {Pending} entry @param {State} state */
const wayOf = (entry, { link: now, offline }) =>
  entry.sent && now === "open" ? "sending" : offline ? "offline" : "waiting";

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
  const node = lineOf(view, "user", h("div", "bubble", { dir: "auto" }, content), foot);
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
