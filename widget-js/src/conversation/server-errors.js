/** What an `error` frame does to the state: every refusal finds the thing that it refuses. */

import { updatePending, withNote } from "./messages.js";

/** @import { State } from "../types.js" */

/** Seconds; longer than this nobody waits for a message to go out by itself. */
const MAX_WAIT = 120;
const MAX_TRIES = 9;

/** The server asks for another try after `retry_after`: it, or its database, is overrun or away. */
const LATER = ["rate_limited", "internal"];

/** These end a turn; what else comes without a key is about the conversation as a whole. */
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
  const { messages, turn, redo } = state;
  const asks = code === "contact_info_required" ? { submitted: false } : {};
  const refused = cid && state.outbox.find((entry) => entry.cid === cid);
  if (refused) {
    const busy = code === "busy";
    const tries = (refused.tries ?? 0) + 1;
    const held = tries < MAX_TRIES && (busy || (LATER.includes(code) && wait <= MAX_WAIT));
    const change = held ? { held, busy, tries } : { failed: message || code };
    return { outbox: updatePending(state.outbox, cid, { ...change, sent: false }), ...asks };
  }
  if (code.startsWith("contact_info_") || (code === "rate_limited" && state.contact)) {
    return { contact: null, contactError: message, ...asks };
  }
  // The message was taken and its turn failed: the sentence stands where the answer would. Where
  // an answer stands already, which was to be written again, it stays.
  const stands = messages.some(({ id }) => id && id === redo);
  if (!stands && (cid || (turn && ENDS_TURN.includes(code)))) {
    const asked = messages.find((each) => cid && each.key === cid);
    const ref = turn?.id ?? redo ?? asked?.id ?? null;
    return { messages: withNote(messages, message, ref), redo: null };
  }
  return { alert: message, redo: null, opinions: state.opinions.filter(({ sent }) => !sent) };
}
