/** Buttons that send a suggested question, before the first message. */

import { buttonOf, set } from "./dom.js";

/** @import { State, View } from "../types.js" */

/** @param {View} view @param {(text: string) => void} onSend */
export function createStarters({ h, strings }, onSend) {
  const node = h("div", "starters", { role: "group", "aria-label": strings.suggestions });
  let shown = "";
  return {
    node,
    /** @param {State} state @param {boolean} blocked the form or the notice comes first */
    render({ starters, messages, outbox, turn, regenerating }, blocked) {
      const offers = messages.length ? [] : starters;
      node.hidden = blocked || !offers.length || !!outbox.length || !!turn || !!regenerating;
      if (shown === JSON.stringify(offers)) return;
      shown = JSON.stringify(offers);
      node.replaceChildren(...offers.map((text) => buttonOf(h, "chip", text, () => onSend(text))));
      for (const button of node.children) set(button, "dir", "auto");
    },
  };
}
