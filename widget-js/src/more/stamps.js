/** Names a line by its author and time, shows the time, and the date above the first line of a day. */

import { remove, set, setText } from "../view/dom.js";
import { clockTime, dateLocale, dayName } from "./dates.js";

/** @import { View } from "../types.js" */
/** @typedef {{ role: string, kind?: string, created_at?: string, author?: { name: string } | null }} Stamped */

/** @param {View} view @param {() => string} localeNow */
export function createStamps({ h, win, strings }, localeNow) {
  /** @param {HTMLElement} node @param {string} name @returns {HTMLElement | undefined} */
  const partOf = (node, name) =>
    /** @type {HTMLElement[]} */ ([...node.children]).find((each) => each.className === name);

  /** @param {HTMLElement} node @param {string} text "" for none */
  function showDay(node, text) {
    const shown = partOf(node, "day");
    if (!text) return remove(shown);
    if (shown) setText(shown, text);
    else node.prepend(h("p", "day", {}, text));
  }

  /** @param {HTMLElement} node @param {Stamped} message @param {Date} date @param {string} locale */
  function name(node, { role, kind, author }, date, locale) {
    const text = clockTime(date, locale);
    const who = role === "user" ? strings.you : (author?.name ?? strings.ai);
    set(node, "role", "article");
    // Nobody says the line of a transition.
    const label = kind === "notice" ? text : `${who.replace(/\s*[:：]$/, "")}, ${text}`;
    set(node, "aria-label", label);
    set(node, "tabindex", -1);
    // Drawn by the style sheet: as text, it would be announced and copied with the message.
    set(node, "data-time", text);
  }

  /** @param {[HTMLElement | undefined, Stamped][]} lines in order */
  return (lines) => {
    const locale = dateLocale(win, localeNow());
    // A conversation of today needs no date.
    let last = new Date().toDateString();
    for (const [node, message] of lines) {
      const { created_at: at } = message;
      if (!node || !at) continue;
      const date = new Date(at);
      if (!node.hasAttribute("tabindex")) name(node, message, date, locale);
      const day = date.toDateString();
      showDay(node, day === last ? "" : dayName(date, locale));
      last = day;
    }
  };
}
