/** Browser storage, with memory as the fallback if it is blocked, full or missing. */

/** @import { Box, Storage, Win } from "../types.js" */

/**
 * @param {() => globalThis.Storage} area a function, because reading the property can throw
 * @param {string} prefix
 * @returns {Box}
 */
function box(area, prefix) {
  /** @type {Map<string, string | null>} */
  const memory = new Map();
  return {
    get(name) {
      if (memory.has(name)) return memory.get(name) ?? null;
      try {
        return area().getItem(prefix + name);
      } catch {
        return null;
      }
    },
    set(name, value) {
      try {
        if (value === null) area().removeItem(prefix + name);
        else area().setItem(prefix + name, value);
        memory.delete(name);
      } catch {
        memory.set(name, value);
      }
    },
  };
}

/** @param {string} widgetId */
export const prefixOf = (widgetId) => `loquent:${widgetId}:`;

/** Remove everything that a widget has stored in this browser. @param {Win} win @param {string} widgetId */
export function clearStorage(win, widgetId) {
  for (const area of /** @type {const} */ (["localStorage", "sessionStorage"])) {
    try {
      for (const name of Object.keys(win[area]))
        if (name.startsWith(prefixOf(widgetId))) win[area].removeItem(name);
    } catch {}
  }
}

/**
 * `local` is shared by all tabs of the site; `tab` belongs to this tab.
 * @param {Win} win
 * @param {string} widgetId
 * @returns {Storage}
 */
export const openStorage = (win, widgetId) => ({
  local: box(() => win.localStorage, prefixOf(widgetId)),
  tab: box(() => win.sessionStorage, prefixOf(widgetId)),
});
