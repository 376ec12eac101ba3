/** State transitions: pure, no clock, no I/O. */

import { nextAsked, removePending, updatePending, upsert, withoutNotes } from "./messages.js";
import { applyError } from "./server-errors.js";

/** @import { Config, Frame, Link, Message, State } from "../types.js" */

/** @returns {State} */
export const initialState = () => ({
  open: false,
  link: "idle",
  reason: "",
  offline: false,
  hidden: false,
  lost: false,
  v2: false,
  token: null,
  ready: false,
  messages: [],
  outbox: [],
  turn: null,
  regenerating: null,
  pendingRatings: [],
  starters: [],
  notice: null,
  contactCard: null,
  talk: null,
  agreed: null,
  historyComplete: true,
  submitted: null,
  contact: null,
  contactError: "",
  contactSaved: false,
  alert: "",
  read: 0,
  unread: 0,
  replays: 0,
});

/** Return the highest seq without a gap before it; the server resends what follows. The newest
 * answer is requested again, because it may have been regenerated since.
 * @param {State} state */
export function lastSeq(state) {
  let last = 0;
  let answer = 0;
  for (const { seq, id, role } of state.messages) {
    if (!id || !Number.isInteger(seq)) continue;
    if (last && seq > last + 1) break;
    last = seq;
    if (role !== "user") answer = seq;
  }
  return answer ? answer - 1 : last;
}

/** Return whether the contact form is still open. @param {Config} config @param {State} state */
export const wantsContact = (config, { submitted }) =>
  config.contact_info_mode !== "none" &&
  (config.collect_name || config.collect_email || config.collect_phone) &&
  !submitted;

/** Return whether contact details are required before the first message. @param {Config} config @param {State} state */
export const needsContact = (config, state) =>
  wantsContact(config, state) && config.contact_info_mode === "required";

/** Return whether the visitor has to agree to the notice first. @param {State} state */
export const needsConsent = ({ notice, agreed }) => !!notice?.consent && notice.text !== agreed;

/** Return the visitor's rating of an answer, even if the server has not confirmed it.
 * @param {State} state @param {Message} message */
export const ratingOf = ({ pendingRatings }, { id, feedback }) => {
  const pending = pendingRatings.find((each) => each.id === id);
  return pending ? pending.rating : feedback;
};

/** Return whether the team or a person answers. @param {State} state */
export const isWithPeople = ({ talk }) => !!talk && talk.handler !== "agent";

/** Return the messages, none of which waits for a turn. @param {Message[]} messages */
const settled = (messages) => messages.map((each) => ({ ...each, done: true }));

/** @type {{ [type: string]: (state: State, event: any) => Partial<State> }} */
const handlers = {
  session(state, frame) {
    const another = state.token !== null && state.token !== frame.session_token;
    const submitted = frame.contact_info_submitted === true;
    return {
      token: frame.session_token,
      ready: true,
      lost: false,
      turn: null,
      regenerating: null,
      alert: "",
      submitted,
      starters: frame.starters,
      notice: frame.notice,
      contactCard: frame.contact_card ?? null,
      ...(submitted ? { contact: null, contactError: "" } : {}),
      ...(another
        ? {
            messages: [],
            pendingRatings: [],
            historyComplete: true,
            unread: 0,
            contactSaved: false,
            talk: null,
          }
        : {}),
    };
  },

  history(state, frame) {
    const known = new Set(frame.messages.map((/** @type {any} */ each) => each.client_message_id));
    const replaces = !frame.complete || !state.v2;
    return {
      messages: frame.messages.reduce(upsert, replaces ? [] : state.messages),
      outbox: state.outbox.filter((entry) => !known.has(entry.cid)),
      historyComplete: frame.complete,
      replays: state.replays + 1,
    };
  },

  ack(state, frame) {
    const entry = state.outbox.find((each) => each.cid === frame.client_message_id);
    if (!entry) return {};
    const line = {
      ...frame,
      role: "user",
      content: entry.content,
      status: "complete",
      sources: [],
      done: isWithPeople(state),
    };
    return {
      outbox: removePending(state.outbox, entry.cid),
      messages: upsert(state.messages, line),
      alert: "",
    };
  },

  typing_start(state, frame) {
    const id = frame.message_id ?? null;
    const text = state.turn && state.turn.id === id ? state.turn.text : "";
    return {
      turn: {
        ...{ id, text, done: false, stopping: false },
        asked: state.regenerating ? undefined : nextAsked(state.messages),
      },
      messages: withoutNotes(state.messages, state.regenerating),
      alert: "",
    };
  },

  delta({ turn }, { message_id: id, offset, content }) {
    if (!turn || turn.done || turn.id !== id) return {};
    if (offset && offset !== turn.text.length) return {};
    return { turn: { ...turn, text: offset ? turn.text + content : content } };
  },

  message(state, frame) {
    const { turn } = state;
    const ours = turn && frame.role !== "user" && (!frame.id || turn.id === frame.id);
    const more = ours ? { asked: turn.asked } : { done: isWithPeople(state) };
    // After the line of a transition, nobody answers what was asked before it.
    const before = frame.kind === "notice" ? settled(state.messages) : state.messages;
    return {
      messages: upsert(before, { ...frame, ...more }),
      ...(ours ? { turn: { ...turn, text: "", done: true }, regenerating: null } : {}),
    };
  },

  typing_stop: (state) => ({
    messages: state.messages.map((each) =>
      state.turn?.asked && each.key === state.turn.asked ? { ...each, done: true } : each,
    ),
    turn: null,
    regenerating: null,
    outbox: state.outbox.map((entry) => (entry.busy ? { ...entry, held: false, tries: 0 } : entry)),
  }),

  feedback_saved({ messages, pendingRatings }, { message_id: id }) {
    const pending = pendingRatings.find((each) => each.id === id);
    if (!pending) return {};
    const { rating: feedback, comment } = pending;
    return {
      pendingRatings: pendingRatings.filter((each) => each !== pending),
      messages: messages.map((each) => (each.id === id ? { ...each, feedback, comment } : each)),
    };
  },

  contact_info_saved: () => ({
    submitted: true,
    contact: null,
    contactError: "",
    contactSaved: true,
  }),

  conversation: (_, talk) => ({ talk }),

  error: applyError,
};

/**
 * Update `unread`, the number of answers not seen in any tab, and `read`, the highest seq seen.
 * @param {State} state
 * @returns {State}
 */
export function withUnread(state) {
  const { open, hidden, messages, read } = state;
  const known = messages.filter(({ seq }) => Number.isInteger(seq));
  if (open && !hidden) return { ...state, read: Math.max(read, known.at(-1)?.seq ?? 0), unread: 0 };
  if (!messages.length) return state;
  return {
    ...state,
    unread: known.filter(
      ({ seq, role, kind }) => seq > read && role !== "user" && kind !== "notice",
    ).length,
  };
}

/**
 * Return the changes that a server frame makes to the state.
 * @param {State} state
 * @param {Frame} frame
 * @returns {Partial<State>}
 */
export const afterFrame = (state, frame) => handlers[frame.type]?.(state, frame) ?? {};

/**
 * Return the changes that a link change makes to the state: a lost link delivers nothing.
 * @param {State} state
 * @param {Link} link
 * @param {string} reason
 * @param {boolean} v2
 * @returns {Partial<State>}
 */
export const afterLink = (
  { lost, ready, outbox, pendingRatings, regenerating },
  link,
  reason,
  v2,
) => ({
  ...{ link, reason, v2 },
  ready: ready && link === "open",
  lost: link === "waiting" || (lost && link !== "open"),
  regenerating: link === "open" ? regenerating : null,
  outbox: link === "open" ? outbox : outbox.map((entry) => ({ ...entry, sent: false })),
  pendingRatings:
    link === "open" ? pendingRatings : pendingRatings.map((entry) => ({ ...entry, sent: false })),
});

/**
 * Return the changes after sending a message. Without acks (base protocol) it counts as accepted.
 * @param {State} state
 * @param {string} cid
 * @returns {Partial<State>}
 */
export const afterSend = (state, cid) =>
  state.v2
    ? { outbox: updatePending(state.outbox, cid, { sent: true }) }
    : handlers.ack(state, { client_message_id: cid });
