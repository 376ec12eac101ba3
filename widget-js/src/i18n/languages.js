/** Choose the locale and the writing direction. */

import { documentOf } from "../embed/natives.js";
import { launcherStrings } from "./launcher-strings.js";

/** @import { Win } from "../types.js" */

const RTL = ["ar", "fa", "he", "ur"];

/**
 * Tags for which the first subtag is not enough: regional variants, and outdated codes that
 * browsers still use. @type {{ [subtags: string]: string }}
 */
const SPECIAL = {
  ...{ "zh-hant": "zh-TW", "zh-tw": "zh-TW", "zh-hk": "zh-TW", "zh-mo": "zh-TW", "pt-br": "pt-BR" },
  ...{ no: "nb", nn: "nb", iw: "he", in: "id" },
};

/** No regular expression, because every page would compile it. @param {string} tag */
const subtagsOf = (tag) =>
  tag.trim().toLowerCase().replaceAll("_", "-").replaceAll(".", "-").split("-");

/**
 * Return the locale that fits a language tag best.
 * @param {string} tag a BCP 47 tag, in any case, with - or _
 * @returns {string | undefined} undefined if the language is not supported
 */
export function localeOf(tag) {
  const [language, region] = subtagsOf(tag);
  const code = SPECIAL[`${language}-${region}`] ?? SPECIAL[language] ?? language;
  return Object.hasOwn(launcherStrings, code) ? code : undefined;
}

/**
 * Return the first supported locale, or English.
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
  localeOf(documentOf(win).documentElement?.lang ?? "") ??
  pickLocale(win.navigator.languages ?? []);

/** @param {string} locale */
export const directionOf = (locale) => (RTL.includes(subtagsOf(locale)[0]) ? "rtl" : "ltr");
