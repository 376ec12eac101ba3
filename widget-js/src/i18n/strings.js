/** The chat's texts. Texts missing in another language fall back to English. */

import en from "../locales/en.js";

/** All English texts: those of the second file, and those of the third.
 * @typedef {typeof en & typeof import("./more-english.js").default} English */

/**
 * Error codes that a visitor can see. English has none of them: it uses the server's messages.
 * @typedef {"rate_limited" | "busy" | "daily_cap_reached" | "message_too_long"
 *   | "contact_info_required" | "contact_info_invalid" | "interrupted" | "internal"
 *   | "person_unavailable"} ErrorCode
 */

/** The exact contents of a file in `locales/`.
 * @typedef {English & { errors: { [code in ErrorCode]: string } }} Locale */

/**
 * `errors`: translated error messages by code. The English texts of the third file are there once
 * that file is loaded, and only its parts use them.
 * @typedef {English & { errors?: { [code: string]: string } }} Strings
 */

/** @param {...(Partial<Strings> | undefined)} more later ones take precedence @returns {Strings} */
export const stringsOf = (...more) => Object.assign({}, en, ...more);
