/** Which language is spoken, and which way it is written. */

import { launcherStrings } from "./launcher-strings.js";

/** @import { Win } from "../types.js" */

const RTL = ["ar", "fa", "he", "ur"];

/**
 * Where the first subtag alone would mislead: regions that write differently, and codes that
 * browsers still use for a language of ours. @type {{ [subtags: string]: string }}
 */
const SPECIAL = {
  ...{ "zh-hant": "zh-TW", "zh-tw": "zh-TW", "zh-hk": "zh-TW", "zh-mo": "zh-TW", "pt-br": "pt-BR" },
  ...{ no: "nb", nn: "nb", iw: "he", in: "id" },
};

/** By plain strings: every page would compile a regular expression. @param {string} tag */
const subtagsOf = (tag) =>
  tag.trim().toLowerCase().replaceAll("_", "-").replaceAll(".", "-").split("-");

/**
 * The locale of ours that a reader of this language is best served with.
 * @param {string} tag a BCP 47 tag, in any case, with - or _
 * @returns {string | undefined} undefined: we don't speak it
 */
export function localeOf(tag) {
  const [language, region] = subtagsOf(tag);
  const code = SPECIAL[`${language}-${region}`] ?? SPECIAL[language] ?? language;
  return Object.hasOwn(launcherStrings, code) ? code : undefined;
}

/**
 * The first of the wanted languages that we speak, else English.
 * @param {readonly (string | null | undefined)[]} wanted BCP 47 tags
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
  localeOf(chosen ?? "") ??
  localeOf(win.document.documentElement.lang) ??
  pickLocale(win.navigator.languages);

/** @param {string} locale */
export const directionOf = (locale) => (RTL.includes(subtagsOf(locale)[0]) ? "rtl" : "ltr");
