/** The floating button. */

import { icon, set, setText } from "./dom.js";

/** @import { State, View } from "../types.js" */

const BUBBLE = "M21 11.5a8.5 8.5 0 0 1-12.3 7.6L3 21l1.9-5.7A8.5 8.5 0 1 1 21 11.5z";

/** @param {View} view @param {() => void} onclick */
export function createLauncher({ h, doc, words }, onclick) {
  const badge = h("span", "badge", { "aria-hidden": "true" });
  const node = h(
    "button",
    "launcher",
    { type: "button", part: "launcher", "aria-haspopup": "dialog", onclick },
    icon(doc, BUBBLE),
    icon(doc, "m6 9 6 6 6-6"),
    badge,
  );
  return {
    node,
    /** @param {State} state */
    render({ open, unread }) {
      set(node, "aria-label", open ? words.close : words.open);
      set(node, "aria-expanded", open ? "true" : "false");
      setText(badge, unread ? `${unread}` : "");
    },
  };
}
