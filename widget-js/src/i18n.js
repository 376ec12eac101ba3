/** Words in the visitor's language. English is complete; what another locale lacks falls back to it. */

import en from "./locales/en.js";
import { locales } from "./locales/index.js";

/** @import { Win } from "./types.js" */
/** @typedef {typeof en} Words */

const RTL = /^(ar|fa|he|ur)\b/;

/**
 * The first of the wanted languages that we speak.
 * @param {(string | null | undefined)[]} wanted
 */
export function pickLocale(wanted) {
  for (const tag of wanted) {
    const code = (tag || "").toLowerCase().split(/[-_]/)[0];
    if (Object.hasOwn(locales, code)) return code;
  }
  return "en";
}

/** @param {Win} win @param {string | undefined} chosen */
export const detectLocale = (win, chosen) =>
  pickLocale([chosen, win.document.documentElement.lang, ...win.navigator.languages]);

/** @param {string} locale @returns {Words} */
export const wordsOf = (locale) => ({ ...en, ...locales[locale] });

/** @param {string} locale */
export const directionOf = (locale) => (RTL.test(locale) ? "rtl" : "ltr");
