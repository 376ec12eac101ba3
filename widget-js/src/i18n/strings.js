/** The chat's texts. Texts missing in another language fall back to English. */

import en from "../locales/en.js";

/**
 * Error codes that a visitor can see. English has none of them: it uses the server's messages.
 * @typedef {"rate_limited" | "busy" | "daily_cap_reached" | "message_too_long"
 *   | "contact_info_required" | "contact_info_invalid" | "interrupted" | "internal"} ErrorCode
 */

/** The exact contents of a file in `locales/`.
 * @typedef {typeof en & { errors: { [code in ErrorCode]: string } }} Locale */

/**
 * `errors`: translated error messages by code.
 * @typedef {typeof en & { errors?: { [code: string]: string } }} Strings
 */

/** @param {...(Partial<Strings> | undefined)} more later ones take precedence @returns {Strings} */
export const stringsOf = (...more) => Object.assign({}, en, ...more);
