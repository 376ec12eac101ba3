/** If the widget fails because the page replaced built-in functions, say which: once, on the console. */

/** @import { Win } from "../types.js" */

/** Functions of the window that the widget calls. Assigning to them leaves no other trace. */
const FUNCTIONS = ["fetch", "setTimeout", "requestAnimationFrame", "matchMedia", "WebSocket"];

/** Windows whose page has been told. @type {WeakSet<Win>} */
const told = new WeakSet();

/** @param {unknown} value */
const isReplaced = (value) =>
  typeof value === "function" && !/\[native code]/.test(Function.prototype.toString.call(value));

/** @param {any} win @returns {string[]} */
function replacedIn(win) {
  const found = FUNCTIONS.filter(
    (name) => typeof win[name] !== "function" || isReplaced(win[name]),
  );
  const all = Object.getOwnPropertyDescriptors(win);
  for (const name in all) {
    const { enumerable, value } = all[name];
    // The browser's classes are not enumerable, those of the page are. `globalThis` has both.
    if (enumerable || !value || value === win || found.includes(name)) continue;
    if (isReplaced(value)) found.push(name);
    else
      for (const holder of [value, value.prototype]) {
        const kept = holder ? Object.getOwnPropertyDescriptors(holder) : {};
        for (const key in kept)
          if (isReplaced(kept[key].value) || isReplaced(kept[key].get))
            found.push(`${name}.${key}`);
      }
  }
  return found;
}

/** @param {Win} win @param {unknown} error */
export function blame(win, error) {
  if (told.has(win)) return;
  try {
    const found = replacedIn(win);
    if (!found.length) return;
    told.add(win);
    win.console.error(
      `Loquent: the chat failed. This page has replaced ${found.slice(0, 40).join(", ")}`,
      error,
    );
  } catch {}
}

/** @template T @param {Win} win @param {() => T} run @returns {T} */
export function guarded(win, run) {
  try {
    return run();
  } catch (error) {
    blame(win, error);
    throw error;
  }
}
