/** Who has the conversation: a line in the header, and a strip above the message box. */

import { buttonOf, set, setText } from "../../view/dom.js";
import { dateLocale } from "../dates.js";
import { hueOf, initialsOf } from "./bylines.js";
import { asking } from "./frames.js";
import { isFollowUp } from "./people.js";

/** @import { Frame, State, View } from "../../types.js" */
/** @import { Around } from "./people.js" */

const DAY = 86_400_000;

/**
 * Return when the team is back, in the visitor's time zone: the time today, the weekday within six
 * days, otherwise the date.
 * @param {string} at
 * @param {string} locale
 * @param {Date} [now]
 */
export function backTime(at, locale, now = new Date()) {
  const then = new Date(at);
  const clock = /** @type {const} */ ({ hour: "numeric", minute: "2-digit" });
  const isToday = then.toDateString() === now.toDateString();
  const isSoon = then.getTime() - now.getTime() < 6 * DAY;
  return new Intl.DateTimeFormat(locale, {
    ...clock,
    ...(isToday ? {} : isSoon ? { weekday: "long" } : { day: "numeric", month: "long" }),
  }).format(then);
}

/** @param {View} view @param {Around} around */
export function createDesk(view, { body, storage, localeNow }) {
  const { h, win, strings, actions } = view;
  const head = body.previousElementSibling;
  const title = head?.querySelectorAll(".names p")?.[0];
  const logo = head?.querySelectorAll(".logo")?.[0];
  /** The first letter of the widget's name. */
  const letter = logo?.textContent ?? "";
  const says = h("p", "says", { role: "status" });
  const askPerson = buttonOf(h, "chip", strings.askPerson, () => ask("ask_person"));
  const askAgent = buttonOf(h, "chip", strings.askAgent, () => ask("ask_agent"));
  const node = h("div", "desk", {}, says, askPerson, askAgent);
  const waits = {
    minutes: strings.waitMinutes,
    hour: strings.waitHour,
    hours: strings.waitHours,
    day: strings.waitDay,
  };
  body.nextElementSibling?.after(node);
  let asked = false;

  /** @param {"ask_person" | "ask_agent"} type */
  function ask(type) {
    if (!asked) asked = actions.transmit(asking(type));
  }

  /** @param {State} state */
  function sayingOf(state) {
    const { talk } = state;
    if (!talk || talk.status === "resolved") return "";
    const isTeam = talk.handler === "team";
    const at = talk.back_at ?? "";
    const back =
      Date.parse(at) &&
      strings.backAt.replace("{time}", backTime(at, dateLocale(win, localeNow())));
    if (!isTeam) return (isFollowUp(state, storage) && back) || "";
    const wait = back || (talk.expected && waits[talk.expected]);
    return wait ? `${strings.teamWaits} · ${wait}` : strings.teamWaits;
  }

  return {
    /** @param {Frame} frame */
    peek({ type }) {
      if (/^(session|conversation|error)$/.test(type)) asked = false;
    },
    /** @param {State} state */
    render(state) {
      const { talk, ready, link } = state;
      const name = (talk?.handler === "person" && talk.person?.name) || "";
      const isOver = link === "stopped";
      // A wish from out of hours can be repeated once the team is back.
      const isBack = !talk?.back_at && isFollowUp(state, storage);
      askPerson.hidden = !(talk?.can_ask_person || isBack) || isOver;
      askAgent.hidden = !talk?.can_ask_agent || isOver;
      askPerson.disabled = askAgent.disabled = !ready;
      setText(says, sayingOf(state));
      says.hidden = !says.firstChild;
      node.hidden = says.hidden && askPerson.hidden && askAgent.hidden;
      const answers = talk?.handler === "team" ? strings.teamWaits : strings.ai;
      if (title) setText(title, name || answers);
      if (!logo) return;
      setText(logo, name ? initialsOf(name) : letter);
      set(logo, "class", name ? `logo ${hueOf(name)}` : "logo");
    },
  };
}
