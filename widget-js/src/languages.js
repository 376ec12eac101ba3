/** Which language is spoken, and which way it is written. */

import { labels } from "./labels.js";

/** @import { Win } from "./types.js" */

const RTL = /^(ar|fa|he|ur)\b/;

/**
 * The first of the wanted languages that we speak.
 * @param {(string | null | undefined)[]} wanted BCP 47 tags
 */
export function pickLocale(wanted) {
  for (const tag of wanted) {
    const code = (tag || "").toLowerCase().split(/[-_]/)[0];
    if (Object.hasOwn(labels, code)) return code;
  }
  return "en";
}

/** @param {Win} win @param {string | undefined} chosen */
export const detectLocale = (win, chosen) =>
  pickLocale([chosen, win.document.documentElement.lang, ...win.navigator.languages]);

/** @param {string} locale */
export const directionOf = (locale) => (RTL.test(locale) ? "rtl" : "ltr");
