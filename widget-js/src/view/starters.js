/** Buttons that send a message: suggested questions at first, then the newest answer's choices. */

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
      const newest = messages.at(-1);
      const offers = newest
        ? (newest.choices ?? [])
        : starters.map((text) => ({ title: text, message: text }));
      node.hidden = blocked || !offers.length || !!outbox.length || !!turn || !!regenerating;
      if (shown === JSON.stringify(offers)) return;
      shown = JSON.stringify(offers);
      node.replaceChildren(
        ...offers.map(({ title, message }) => buttonOf(h, "chip", title, () => onSend(message))),
      );
      for (const button of node.children) set(button, "dir", "auto");
    },
  };
}
