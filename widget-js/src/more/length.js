/** The length of a long message, as the server counts it. */

import { set, setText } from "../view/dom.js";

/** @import { Strings } from "../i18n/strings.js" */

const WARN_FROM = 3600;
const MAX_CHARS = 4000;

/** Return the number of code points that the server counts in this text. @param {string} content */
export const lengthOf = (content) => [...content.trim().normalize()].length;

/**
 * Show the length of a long text; return whether the text is too long.
 * @param {HTMLTextAreaElement} field
 * @param {HTMLElement} counter
 * @param {Strings} strings
 */
export function measure(field, counter, strings) {
  // The number of code points is at most the number of UTF-16 units: skip counting short texts.
  const length = field.value.length < WARN_FROM ? 0 : lengthOf(field.value);
  const over = length > MAX_CHARS;
  setText(counter, length < WARN_FROM ? "" : strings.count.replace("{n}", `${length}`));
  set(counter, "class", over ? "count error" : "count");
  set(field, "aria-invalid", over && "true");
  return over;
}
