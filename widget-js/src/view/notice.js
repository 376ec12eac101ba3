/** The owner's notice, and the consent to it if required. */

import { link } from "../markdown/links.js";
import { patch } from "../markdown/tree.js";
import { buttonOf } from "./dom.js";

/** @import { State, View } from "../types.js" */

/** @param {View} view */
export function createNotice({ h, strings, actions }) {
  const line = h("p", "hint", { dir: "auto" });
  const text = h("p", "", { id: "notice", dir: "auto" });
  const button = buttonOf(h, "main", strings.agree, actions.agree);
  button.setAttribute("aria-describedby", text.id);
  const card = h("div", "consent", {}, text, button);
  let shown = "";

  return {
    line,
    card,
    button,
    /** @param {State} state @param {boolean} asks */
    render({ notice }, asks) {
      card.hidden = !asks;
      line.hidden = asks || !notice;
      const key = JSON.stringify(notice);
      if (key === shown) return;
      shown = key;
      for (const node of [line, text]) {
        node.replaceChildren(notice?.text ?? "");
        const address = notice?.url ?? "";
        if (!/^https?:/i.test(address)) continue;
        node.append(" ");
        for (const kid of link(address, [strings.more])) patch(node, null, kid);
      }
    },
  };
}
