/** Events for the page, and their listeners. */

/** @import { Win } from "../types.js" */
/** @typedef {(detail?: any) => void} Listener */

/** @param {Win} win */
export function createEvents(win) {
  /** @type {Set<[string, Listener]>} */
  const listeners = new Set();
  return {
    clear: () => listeners.clear(),

    /** @param {string} name @param {any} [detail] */
    emit(name, detail) {
      for (const [event, listener] of listeners) {
        if (event !== name) continue;
        try {
          listener(detail);
        } catch (error) {
          // Report errors of the page's listeners without interrupting the widget.
          win.reportError(error);
        }
      }
    },

    /** @param {string} name @param {Listener} listener @returns {() => void} removes the listener */
    on(name, listener) {
      /** @type {[string, Listener]} */
      const entry = [name, listener];
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },

    /** @param {string} name @param {Listener} listener */
    off(name, listener) {
      for (const entry of listeners) {
        if (entry[0] === name && entry[1] === listener) listeners.delete(entry);
      }
    },
  };
}
