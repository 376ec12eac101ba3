/** How visitors reach the owner without the chat, and the optional form for their own details. */

import { wantsContact } from "../conversation/state.js";
import { set, setText } from "../view/dom.js";
import { createContactForm } from "./contact-form.js";
import { dateLocale } from "./dates.js";

/** @import { Contact, ContactCard, State, View } from "../types.js" */

/** In the order of `Date.getDay`. */
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/** 1 January 2023 was a Sunday. @param {number} day @param {string} [time] */
const dateOf = (day, time = "00:00") => new Date(`2023-01-0${day + 1}T${time}:00Z`);

/** @param {View} view @param {ContactCard["hours"]} hours @param {string} locale */
function hoursOf({ h, strings }, hours, locale) {
  const name = new Intl.DateTimeFormat(locale, { weekday: "long", timeZone: "UTC" });
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short", timeZone: "UTC" });
  const today = new Date().getDay();
  const list = h("ul", "hours", { "aria-label": strings.hours });
  for (let step = 1; step <= 7; step++) {
    const day = step % 7;
    const ranges = (hours?.[DAYS[day]] ?? []).map(([from, to]) =>
      clock.formatRange(dateOf(day, from), dateOf(day, to === "24:00" ? "23:59" : to)),
    );
    const row = h("li", "", {}, h("span", "", {}, name.format(dateOf(day))));
    row.append(h("span", "", {}, ranges.join(", ") || strings.closedDay));
    if (day === today) set(row, "aria-current", "date");
    list.append(row);
  }
  return list;
}

/** @param {View} view @param {ContactCard} card @param {string} locale */
function rowsOf(view, { phone, email, hours, address }, locale) {
  const { h, strings } = view;
  /** @param {string} label @param {Node | string} content */
  const row = (label, content) =>
    h("div", "", {}, h("dt", "", {}, label), h("dd", "", {}, content));
  const rows = [];
  const call = `tel:${phone?.replace(/[^+\d]/g, "")}`;
  if (phone) rows.push(row(strings.phone, h("a", "", { href: call, dir: "ltr" }, phone)));
  if (email)
    rows.push(row(strings.email, h("a", "", { href: `mailto:${email}`, dir: "ltr" }, email)));
  if (hours) rows.push(row(strings.hours, hoursOf(view, hours, locale)));
  if (address) rows.push(row(strings.address, h("span", "", { dir: "auto" }, address)));
  return h("dl", "", {}, ...rows);
}

/** Return whether there is anything to show. @param {View} view @param {State} state */
export const hasContact = ({ config }, state) =>
  !!state.contactCard || asksLater(config, state) || state.contactSaved;

/** Return whether the optional form is open. @param {View["config"]} config @param {State} state */
const asksLater = (config, state) =>
  config.contact_info_mode === "optional" && wantsContact(config, state);

/**
 * One card, which stands in the transcript or in the sheet.
 * @param {View} view
 * @param {Contact} draft
 * @param {(contact: Contact) => void} onDraft
 * @param {() => string} localeNow
 */
export function createContactCard(view, draft, onDraft, localeNow) {
  const { h, config, strings } = view;
  const form = createContactForm(view, draft, onDraft);
  const thanks = h("p", "hint", { role: "status" });
  const rows = h("div");
  const node = h("section", "card", { "aria-label": strings.contact }, rows, form.node, thanks);
  let shown = "";
  return {
    node,
    form,
    /** @param {State} state */
    render(state) {
      const { contactCard } = state;
      const key = JSON.stringify(contactCard);
      if (shown !== key)
        rows.replaceChildren(
          ...(contactCard ? [rowsOf(view, contactCard, dateLocale(view.win, localeNow()))] : []),
        );
      shown = key;
      rows.hidden = !contactCard;
      form.node.hidden = !asksLater(config, state);
      form.render(state);
      setText(thanks, state.contactSaved ? strings.thanks : "");
    },
  };
}
