/** The buttons of a message that was not accepted, and the hint that a history is not complete. */

import { buttonOf, remove } from "../view/dom.js";

/** @import { State, View } from "../types.js" */

/**
 * @param {View} view
 * @param {{
 *   scroller: HTMLElement, nodeOf(key: string): HTMLElement | undefined, restore(text: string): void,
 * }} around
 */
export function createUnsent({ h, strings, actions }, { scroller, nodeOf, restore }) {
  /** @type {Map<string, HTMLElement[]>} */
  const shown = new Map();
  const older = h("p", "hint", {}, strings.older);
  scroller.querySelectorAll("[role=log]")[0]?.before(older);

  /** @param {string} cid */
  const buttonsFor = (cid) => [
    buttonOf(h, "", strings.retry, () => actions.retry(cid)),
    buttonOf(h, "", strings.edit, () => restore(actions.edit(cid))),
  ];

  return {
    /** @param {State} state */
    render({ outbox, historyComplete }) {
      older.hidden = historyComplete;
      const refused = outbox.filter(({ failed, final }) => failed && !final);
      const keys = refused.map(({ cid }) => cid);
      for (const [cid, buttons] of shown) {
        if (keys.includes(cid)) continue;
        buttons.forEach(remove);
        shown.delete(cid);
      }
      for (const cid of keys) {
        if (shown.has(cid)) continue;
        const buttons = buttonsFor(cid);
        shown.set(cid, buttons);
        nodeOf(cid)
          ?.querySelectorAll(".foot")?.[0]
          ?.append(...buttons);
      }
    },
  };
}
