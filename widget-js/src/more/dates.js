/** Dates and times in the visitor's own way, as far as it is in the language of the texts. */

/** @import { Win } from "../types.js" */

/**
 * Return the browser's variant of the locale, such as "en-GB" for "en". A locale with a region has
 * none. Some browsers and pages have tags that are invalid, such as "en-US@posix".
 * @param {Win} win
 * @param {string} locale
 */
export function dateLocale({ navigator }, locale) {
  for (const tag of navigator.languages ?? []) {
    try {
      if (new Intl.Locale(tag).language === locale) return tag;
    } catch {}
  }
  return locale;
}

/** Return "Today", "Yesterday" or the date. @param {Date} date @param {string} locale */
export function dayName(date, locale) {
  const midnight = (/** @type {Date} */ of) => new Date(of).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(date) - midnight(new Date())) / 86_400_000);
  const name =
    days === 0 || days === -1
      ? new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(days, "day")
      : new Intl.DateTimeFormat(locale, {
          ...{ weekday: "long", day: "numeric", month: "long" },
          ...(date.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" }),
        }).format(date);
  const [first = ""] = name;
  return first.toLocaleUpperCase(locale) + name.slice(first.length);
}

/** @param {Date} date @param {string} locale */
export const clockTime = (date, locale) =>
  new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(date);
