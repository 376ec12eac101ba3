/** Apply an `error` frame to the state: to the message, form or turn that was refused. */

import { updatePending, withNote } from "./messages.js";

/** @import { State } from "../types.js" */

/** Seconds: with a longer delay, a message fails instead of waiting for an automatic retry. */
const MAX_WAIT = 120;
const MAX_TRIES = 9;

/** The server or its database is overloaded or down: retry after `retry_after`. */
const LATER = ["rate_limited", "internal"];

/** These end a turn. Other errors without a key are about the whole conversation. */
const ENDS_TURN = ["agent_unavailable", "interrupted", "internal"];

/**
 * @param {State} state
 * @param {any} frame
 * @returns {Partial<State>}
 */
export function applyError(
  state,
  { code = "", message, client_message_id: cid, retry_after: wait },
) {
  const { messages, turn, regenerating } = state;
  const asks = code === "contact_info_required" ? { submitted: false } : {};
  const refused = cid && state.outbox.find((entry) => entry.cid === cid);
  if (refused) {
    const busy = code === "busy";
    const tries = (refused.tries ?? 0) + 1;
    const held = tries < MAX_TRIES && (busy || (LATER.includes(code) && wait <= MAX_WAIT));
    const change = held
      ? { held, busy, tries }
      : { failed: message || code, final: code === "daily_cap_reached" };
    return { outbox: updatePending(state.outbox, cid, { ...change, sent: false }), ...asks };
  }
  if (code.startsWith("contact_info_") || (code === "rate_limited" && state.contact)) {
    return { contact: null, contactError: message, ...asks };
  }
  // The message was accepted but its turn failed: show the error in place of the answer. If an
  // answer was to be regenerated, keep it.
  const keepsAnswer = messages.some(({ id }) => id && id === regenerating);
  if (!keepsAnswer && (cid || (turn && ENDS_TURN.includes(code)))) {
    const asked = messages.find((each) => cid && each.key === cid);
    const ref = turn?.id ?? regenerating ?? asked?.id ?? null;
    // What had been written says itself that it is not complete.
    const partial = messages.some(({ id, content }) => id && id === turn?.id && content);
    return {
      messages: partial ? messages : withNote(messages, message, ref, turn?.asked),
      regenerating: null,
    };
  }
  return {
    alert: message,
    regenerating: null,
    pendingRatings: state.pendingRatings.filter(({ sent }) => !sent),
  };
}
