/** Suggested questions, shown until the first message. */

import { buttonOf, set } from "./dom.js";

/** @import { State, View } from "../types.js" */

/** @param {View} view @param {(text: string) => void} onSend */
export function createStarters({ h, strings }, onSend) {
  const node = h("div", "starters", { role: "group", "aria-label": strings.suggestions });
  let shown = "";
  return {
    node,
    /** @param {State} state @param {boolean} blocked the form or the notice comes first */
    render({ starters, messages, outbox }, blocked) {
      node.hidden = blocked || !starters.length || !!messages.length || !!outbox.length;
      if (shown === JSON.stringify(starters)) return;
      shown = JSON.stringify(starters);
      node.replaceChildren(
        ...starters.map((text) => buttonOf(h, "chip", text, () => onSend(text))),
      );
      for (const button of node.children) set(button, "dir", "auto");
    },
  };
}
