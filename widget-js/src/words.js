/** The words of the chat. English is complete; what another language lacks falls back to it. */

import en from "./locales/en.js";

/** @typedef {typeof en} Words */

/** @param {...(Partial<Words> | undefined)} more each goes before the ones on its left @returns {Words} */
export const wordsOf = (...more) => Object.assign({}, en, ...more);
