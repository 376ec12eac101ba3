/** The floating button, and the line beside it while the chat can't be loaded. */

import { icon, set, setText } from "./dom.js";

/** @import { H } from "./dom.js" */
/** @import { Labels } from "../labels.js" */

const BUBBLE = "M21 11.5a8.5 8.5 0 0 1-12.3 7.6L3 21l1.9-5.7A8.5 8.5 0 1 1 21 11.5z";

/**
 * @param {H} h
 * @param {Document} doc
 * @param {Labels} labels
 * @param {() => void} onclick
 * @param {() => void} onPress the pointer is down: a click is about to come
 */
export function createLauncher(h, doc, labels, onclick, onPress) {
  const badge = h("span", "badge", { "aria-hidden": "true" });
  const count = h("span", "hidden", { id: "unread" });
  const node = h(
    "button",
    "launcher",
    {
      ...{ type: "button", part: "launcher", "aria-haspopup": "dialog" },
      ...{ "aria-describedby": "unread", onclick, onpointerdown: onPress },
    },
    icon(doc, BUBBLE),
    icon(doc, "m6 9 6 6 6-6"),
    badge,
  );
  const note = h("p", "toast", { role: "status" });
  let open = false;
  let unread = 0;

  function draw() {
    set(node, "aria-label", open ? labels.close : labels.open);
    set(node, "aria-expanded", `${open}`);
    setText(badge, unread ? `${unread}` : "");
    setText(count, unread ? labels.unread.replace("{n}", `${unread}`) : "");
  }
  draw();

  return {
    nodes: [node, count, note],
    focus: () => node.focus(),
    /** @param {boolean} isOpen @param {number} newMessages */
    render(isOpen, newMessages) {
      open = isOpen;
      unread = newMessages;
      draw();
    },
    /** While the rest is loading; `away` when it did not come. @param {boolean} busy @param {boolean} away */
    wait(busy, away) {
      set(node, "aria-busy", busy && "true");
      setText(note, away ? labels.away : "");
    },
    /** @param {Labels} next */
    setLabels(next) {
      labels = next;
      draw();
    },
  };
}
