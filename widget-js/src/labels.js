/**
 * What the launcher says, in every language: it stands before anything else is loaded.
 * One line a language: open chat, close chat, new messages, the chat can't be loaded now.
 */

const NAMES = /** @type {const} */ (["open", "close", "unread", "away"]);

/** @type {{ [locale: string]: string[] }} */
export const labels = {
  en: [
    "Open chat",
    "Close chat",
    "New messages: {n}",
    "The chat can’t be loaded right now. Trying again…",
  ],
};

/** @typedef {{ [name in typeof NAMES[number]]: string }} Labels */

/** @param {string} locale @returns {Labels} */
export const labelsOf = (locale) =>
  /** @type {Labels} */ (
    Object.fromEntries(NAMES.map((name, at) => [name, (labels[locale] ?? labels.en)[at]]))
  );
