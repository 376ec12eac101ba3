/** The English texts of the third file. */

import english from "../i18n/more-english.js";

/** @import { Options, Win } from "../types.js" */
/** @import { Strings } from "../i18n/strings.js" */

/** Options that have been checked. @type {WeakSet<object>} */
const checked = new WeakSet();

/**
 * Add the English texts that the visitor's language lacks, and warn once about texts of the page
 * that don't exist.
 * @param {Win} win
 * @param {Strings} strings
 * @param {Options["texts"]} own the page's
 * @param {Strings} others the English texts of the second file
 */
export function addTexts(win, strings, own, others) {
  Object.assign(strings, { ...english, ...strings });
  if (!own || checked.has(own)) return;
  checked.add(own);
  const known = { ...english, ...others, open: "", unread: "", away: "" };
  const odd = Object.keys(own).filter((name) => !Object.hasOwn(known, name));
  if (odd.length) win.console.warn(`Loquent: data-texts has unknown names: ${odd}`);
}
