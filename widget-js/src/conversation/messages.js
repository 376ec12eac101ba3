/** The lists of the state: lines of the transcript, and messages on their way. */

/** @import { Config, Message, Pending, State } from "../types.js" */

/** @param {Message[]} messages */
const highest = (messages) => Math.floor(messages.at(-1)?.seq ?? 0);

/**
 * Puts a message where its seq wants it, once. Its key stays: it names the line on the page.
 * An answer that was written again has the seq of the old one and takes its place.
 * @param {Message[]} messages
 * @param {any} frame
 * @returns {Message[]}
 */
export function upsert(messages, frame) {
  const { client_message_id: cid, id, role } = frame;
  const old = messages.find((each) => id && each.id && (each.id === id || each.seq === frame.seq));
  const same = old?.id === id ? old : null;
  const gone = old && !same ? old.id : "";
  const seq = frame.seq ?? highest(messages) + 1;
  const key = same?.key ?? cid ?? id ?? `${role}-${seq}`;
  const message = { id: null, feedback: null, ...same, ...frame, key, seq };
  return [...messages.filter((each) => each !== old && each.ref !== gone), message].sort(
    (a, b) => a.seq - b.seq,
  );
}

/** Notes stand for what failed; this drops those of one turn. @param {Message[]} messages @param {string | null} ref */
export const withoutNotes = (messages, ref) =>
  ref ? messages.filter((each) => each.ref !== ref) : messages;

/**
 * A line that only this page knows of.
 * @param {Message[]} messages
 * @param {string} content
 * @param {string | null} ref what the server calls the answer that should stand here
 */
export const withNote = (messages, content, ref) => {
  const seq = highest(messages) + 0.5;
  return upsert(messages, {
    ...{ seq, content, ref, role: "note", status: "failed", sources: [] },
    client_message_id: `note-${messages.length}-${seq}`,
  });
};

/** All that was said, the greeting first, and what is still to go out last.
 * @param {Config} config @param {State} state @returns {any[]} */
export const transcriptLines = ({ greeting }, { messages, outbox }) => [
  ...(greeting ? [{ role: "assistant", content: greeting, status: "complete", sources: [] }] : []),
  ...messages,
  ...outbox,
];

/** @param {Pending[]} outbox @param {string | null} cid */
export const removePending = (outbox, cid) => outbox.filter((entry) => entry.cid !== cid);

/** @param {Pending[]} outbox @param {string} cid @param {Partial<Pending>} change */
export const updatePending = (outbox, cid, change) =>
  outbox.map((entry) => (entry.cid === cid ? { ...entry, ...change } : entry));
