/** Find the script's own tag and mount its widget with the page's one SDK object. */

import { baseOf } from "./config.js";
import { createSdk } from "./sdk.js";

/** @import { Chunks, Win } from "../types.js" */

/** @param {HTMLScriptElement} script */
const isTag = ({ src, dataset }) =>
  dataset.widget !== undefined && (src.includes("/api/widget/") || dataset.host);

/** @param {Win & { Loquent?: any }} win @param {Chunks} chunks */
export function boot(win, chunks) {
  const { document: doc } = win;
  const current = /** @type {HTMLScriptElement | null} */ (doc.currentScript);
  // A module has no current script, and runs once even if several tags load it.
  /** @returns {Iterable<HTMLScriptElement>} */
  const all = () => doc.querySelectorAll("script[data-widget]");
  const own = current && isTag(current) ? [current] : [...all()].filter(isTag);
  if (!win.Loquent?.mount) {
    const home = baseOf((current ?? own[0])?.src ?? "");
    win.Loquent = createSdk(win, chunks, win.Loquent, home);
  }
  for (const { src, dataset } of own) {
    win.Loquent.mount({ host: baseOf(src), ...dataset }, chunks);
  }
}
