/** What a visitor sees when people answer: who speaks, who has the conversation, and two forms. */

import { createBylines } from "./bylines.js";
import { createDesk } from "./desk.js";
import { seenUpTo } from "./frames.js";
import { createReplyEmail } from "./reply-email.js";
import { createSurvey } from "./survey.js";

/** @import { Frame, State, Storage, View } from "../../types.js" */

/**
 * @typedef {{
 *   scroller: HTMLElement, body: HTMLElement, storage: Storage, getState(): State,
 *   localeNow(): string, redraw(): void, nodeOf(key: string): HTMLElement | undefined,
 *   follow(): void,
 * }} Around `follow`: show what was added to the transcript, if the visitor is at its end.
 */

/** A typist who was not heard of for so many milliseconds has stopped. */
const TYPING = 15_000;

/** Return whether the agent goes on although a person is expected: the team is away.
 * @param {State} state @param {Storage} storage */
export const isFollowUp = ({ talk }, { local }) =>
  talk?.handler === "agent" && !talk.can_ask_person && !!local.get("person");

/** @param {View} view @param {Around} around */
export function createPeople(view, around) {
  const { win, actions, strings } = view;
  const { storage, redraw } = around;
  const bylines = createBylines(view, around);
  const desk = createDesk(view, around);
  const forms = [createReplyEmail(view, around), createSurvey(view, around)];
  let typist = "";
  let timer = 0;
  /** The last message of a person of which the server knows that it was seen. */
  let seen = 0;

  /** @param {string} name "" if nobody types */
  function setTypist(name) {
    win.clearTimeout(timer);
    typist = name;
    if (name) timer = win.setTimeout(() => setTypist(""), TYPING);
    redraw();
  }

  /** Return whether nobody else is to see the frame. @param {Frame} frame */
  function peek(frame) {
    const { type, role, name, on } = frame;
    if (type === "staff_typing") setTypist(on ? name : "");
    if (typist && (type === "session" || type === "conversation" || role === "staff"))
      setTypist("");
    if (type === "session") seen = 0;
    desk.peek(frame);
    return forms.some((form) => form.peek(frame));
  }
  /** Out of hours the agent goes on, but a person will answer. @param {State} state */
  function expectPerson({ talk, messages }) {
    const { handler, can_ask_person: isFree, back_at: back } = talk ?? {};
    if (handler !== "agent" || isFree || !back || storage.local.get("person")) return;
    if (messages.some(({ kind }) => kind === "notice")) storage.local.set("person", "1");
  }

  /** @param {State} state */
  function tellSeen({ open, hidden, ready, talk, messages }) {
    const last = messages.findLast(({ role }) => role === "staff")?.seq ?? 0;
    if (!open || hidden || !ready || !talk || last <= seen) return;
    if (actions.transmit(seenUpTo(last))) seen = last;
  }

  return {
    peek,
    /** @returns {string} who types, as a sentence */
    typing: () => typist && strings.typing.replace("{name}", () => typist),
    /** @param {State} state */
    render(state) {
      expectPerson(state);
      bylines.render(state, typist);
      desk.render(state);
      for (const form of forms) form.render(state);
      tellSeen(state);
    },
    destroy: () => win.clearTimeout(timer),
  };
}
