/** A menu button that shows further buttons, for mouse, touch and keyboard. */

import { buttonOf, icon, set } from "./dom.js";

/** @import { View } from "../types.js" */

const DOTS = "M5 12h.01M12 12h.01M19 12h.01";

/** @param {View} view @param {HTMLButtonElement[]} items */
export function createMenu({ h, doc, strings }, items) {
  const button = buttonOf(h, "tool", strings.menu, () => show(!!list.hidden), icon(doc, DOTS));
  const list = h("div", "menu", {}, ...items);
  // Focusable, because some browsers do not focus a clicked button: keeps the focus inside.
  const node = h(
    "div",
    "more",
    { tabindex: -1, onkeydown: pressed, onfocusout: left },
    button,
    list,
  );

  /** @param {boolean} open */
  function show(open) {
    list.hidden = !open;
    set(button, "aria-expanded", `${open}`);
    if (open) doc.addEventListener("pointerdown", outside);
    else doc.removeEventListener("pointerdown", outside);
  }
  show(false);

  /** @param {Event} event */
  function outside(event) {
    if (!event.composedPath().includes(node)) show(false);
  }

  /** Listen here, because the document gets no event for focus moves inside the shadow root. @param {FocusEvent} event */
  function left({ relatedTarget: next }) {
    if (next && !node.contains(/** @type {Node} */ (next))) show(false);
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(true);
    const usable = items.filter((each) => !each.disabled);
    const { activeElement } = /** @type {ShadowRoot} */ (node.getRootNode());
    const at = usable.indexOf(/** @type {HTMLButtonElement} */ (activeElement));
    usable.at((Math.max(at, step < 0 ? 0 : -1) + step) % usable.length)?.focus();
  }

  return {
    node,
    outside,
    /** @param {boolean} [focuses] return the focus to the button @returns {boolean} whether it was open */
    close(focuses) {
      const open = !list.hidden;
      if (open) show(false);
      if (open && focuses) button.focus();
      return open;
    },
  };
}
