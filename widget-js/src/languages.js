/** Which language is spoken, and which way it is written. */

import { labels } from "./labels.js";

/** @import { Win } from "./types.js" */

const RTL = /^(ar|fa|he|ur)\b/;

/**
 * Where the first subtag alone would mislead: regions that write differently, and codes that
 * browsers still use for a language of ours. @type {[tags: RegExp, locale: string][]}
 */
const SPECIAL = [
  [/^zh-(hant|tw|hk|mo)\b/, "zh-TW"],
  [/^pt-br\b/, "pt-BR"],
  [/^(no|nn)\b/, "nb"],
  [/^iw\b/, "he"],
  [/^in\b/, "id"],
];

/**
 * The locale of ours that a reader of this language is best served with.
 * @param {string} tag a BCP 47 tag, in any case, with - or _
 * @returns {string | undefined} undefined: we don't speak it
 */
export function localeOf(tag) {
  const plain = tag.trim().toLowerCase().replace(/_/g, "-");
  const special = SPECIAL.find(([tags]) => tags.test(plain));
  const code = special ? special[1] : plain.split("-")[0];
  return Object.hasOwn(labels, code) ? code : undefined;
}

/**
 * The first of the wanted languages that we speak, else English.
 * @param {(string | null | undefined)[]} wanted BCP 47 tags
 */
export function pickLocale(wanted) {
  for (const tag of wanted) {
    const locale = tag && localeOf(tag);
    if (locale) return locale;
  }
  return "en";
}

/** @param {Win} win @param {string | undefined} chosen */
export const detectLocale = (win, chosen) =>
  pickLocale([chosen, win.document.documentElement.lang, ...win.navigator.languages]);

/** @param {string} locale */
export const directionOf = (locale) => (RTL.test(locale) ? "rtl" : "ltr");
