/** The third file's English texts, for those that the visitor's language lacks. */

import english from "../i18n/more-english.js";

/** @import { WidgetContext } from "../types.js" */
/** @import { Strings } from "../i18n/strings.js" */

/** The options whose unknown names have been reported. @type {WeakSet<object>} */
const checked = new WeakSet();

/**
 * Add the texts that are missing, and warn about texts of the page that don't exist.
 * @param {WidgetContext} context
 * @param {Strings} strings the texts that are shown
 * @param {object} first the English texts of the second file
 */
export function fillTexts({ win, options }, strings, first) {
  Object.assign(strings, { ...english, ...strings });
  const known = { ...english, ...first, open: "", unread: "", away: "" };
  const odd = Object.keys(options.texts ?? {}).filter((name) => !Object.hasOwn(known, name));
  if (odd.length && !checked.has(options))
    win.console.warn(`Loquent: data-texts has unknown names: ${odd}`);
  checked.add(options);
}
