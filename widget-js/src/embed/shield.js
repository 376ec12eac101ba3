/**
 * Keeps events of the widget from the page, as a frame does. Pages listen everywhere: dialogs take
 * the focus back, smooth scrolling cancels the wheel, shortcuts act on keys. The window comes first
 * on an event's path, so its listener stops the event there, and calls the widget's own.
 */

import { guarded } from "./blame.js";

/** @import { Win } from "../types.js" */

/** What a dialog of the page can take away before the widget is used. */
const AT_REST =
  "focusin focusout focus blur keydown pointerdown mousedown mouseup touchstart click".split(" ");
/** All other events that leave a shadow root; pointerrawupdate is only generated for listeners. */
const LEAVES =
  /^on((key|mouse|touch|drag|pointer[^r]|got|lost|before(c|i|p))\w+|(dbl|aux)?click|contextmenu|input|wheel|drop|copy|cut|paste|selectstart)$/;
const NAMELESS = "compositionstart compositionupdate compositionend";

/** @param {Win} win @param {HTMLElement} host @param {() => void} onFocus */
export function createShield(win, host, onFocus) {
  /** @param {Event & { relatedTarget?: EventTarget | null }} event */
  function keep(event) {
    // A dialog that lost the focus to another element would take it back; not if a frame has it.
    if (event.relatedTarget === host)
      Object.defineProperty(event, "relatedTarget", { value: null });
    if (event.target !== host) return;
    event.stopImmediatePropagation();
    const { type, bubbles } = event;
    for (const node of /** @type {any[]} */ (event.composedPath())) {
      if (node === host) break;
      const listener = node.loquentListeners?.[type];
      if (listener) guarded(win, () => listener(event));
      if (!bubbles) break;
    }
    if (type === "focusin") onFocus();
  }

  /** @type {string[]} */
  let more = [];

  /** @param {"addEventListener" | "removeEventListener"} method @param {string[]} types */
  function each(method, types) {
    for (const type of types)
      win[method](
        type,
        keep,
        /** @type {AddEventListenerOptions} */ ({
          __proto__: null,
          capture: true,
          passive: /^(wheel|mousew|touch)/.test(type),
        }),
      );
  }

  return {
    /** Call it again after `document.write`, which removes all listeners and the element. */
    raise: () => each("addEventListener", [...AT_REST, ...more]),
    raiseMore() {
      more = NAMELESS.split(" ");
      for (const name in host) if (LEAVES.test(name)) more.push(name.slice(2));
      each("addEventListener", more);
    },
    destroy: () => each("removeEventListener", [...AT_REST, ...more]),
  };
}
