/** The list of further buttons below a menu button, for mouse, touch and keyboard. */

import { buttonOf, set } from "../view/dom.js";

/** @import { State, View } from "../types.js" */
/** @typedef {ReturnType<typeof createMenu>} Menu */
/**
 * `isOn`: a switch, which leaves the menu open. `when`: whether the item is there, or usable.
 * @typedef {{
 *   label: string, run(): void, isOn?(): boolean,
 *   isShown?(state: State): boolean, isUsable?(state: State): boolean,
 * }} MenuItem
 */

/** @param {View} view @param {HTMLElement} button @param {MenuItem[]} items */
export function createMenu({ h, doc }, button, items) {
  const node = /** @type {HTMLElement} */ (button.parentNode);
  const buttons = items.map(({ label, run, isOn }, index) =>
    buttonOf(h, isOn ? "switch" : "", label, () => {
      if (!isOn) close(true);
      run();
      if (isOn) set(buttons[index], "aria-pressed", `${isOn()}`);
    }),
  );
  const list = h("div", "menu", {}, ...buttons);
  node.append(list);
  set(node, "onkeydown", pressed);
  set(node, "onfocusout", left);

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

  /** @param {boolean} [focuses] return the focus to the button @returns {boolean} whether it was open */
  function close(focuses) {
    const open = !list.hidden;
    if (open) show(false);
    if (open && focuses) button.focus();
    return open;
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
    const usable = buttons.filter((each) => !each.disabled && !each.hidden);
    const { activeElement } = /** @type {ShadowRoot} */ (node.getRootNode());
    const at = usable.indexOf(/** @type {HTMLButtonElement} */ (activeElement));
    usable.at((Math.max(at, step < 0 ? 0 : -1) + step) % usable.length)?.focus();
  }

  return {
    outside,
    close,
    toggle: () => show(!!list.hidden),

    /** @param {State} state */
    render(state) {
      items.forEach(({ isOn, isShown, isUsable }, index) => {
        const each = buttons[index];
        each.hidden = !(isShown?.(state) ?? true);
        each.disabled = !(isUsable?.(state) ?? true);
        if (isOn) set(each, "aria-pressed", `${isOn()}`);
      });
    },
  };
}
