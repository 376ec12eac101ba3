/** The words of the chat. English is complete; what another language lacks falls back to it. */

import en from "../locales/en.js";

/**
 * Refusals that a visitor can meet. English has none: there the server's own words do.
 * @typedef {"rate_limited" | "busy" | "daily_cap_reached" | "message_too_long"
 *   | "contact_info_required" | "contact_info_invalid" | "interrupted" | "internal"} ErrorCode
 */

/** What a file of `locales/` holds: nothing more, nothing less.
 * @typedef {typeof en & { errors: { [code in ErrorCode]: string } }} Locale */

/**
 * `errors`: what a refusal with this code means, where it is not said in the server's own words.
 * @typedef {typeof en & { errors?: { [code: string]: string } }} Strings
 */

/** @param {...(Partial<Strings> | undefined)} more each goes before the ones on its left @returns {Strings} */
export const stringsOf = (...more) => Object.assign({}, en, ...more);
