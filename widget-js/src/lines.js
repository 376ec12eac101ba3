/** The lists of the state: lines of the transcript, and messages on their way. */

/** @import { Message, Pending } from "./types.js" */

/** @param {Message[]} messages */
const highest = (messages) => Math.floor(messages.at(-1)?.seq ?? 0);

/**
 * Puts a message where its seq wants it, once. Its key stays: it names the line on the page.
 * @param {Message[]} messages
 * @param {any} frame
 * @returns {Message[]}
 */
export function upsert(messages, frame) {
  const { client_message_id: cid, id, role } = frame;
  const old = messages.find((each) => id && each.id === id);
  const seq = frame.seq ?? highest(messages) + 1;
  const key = old?.key ?? cid ?? id ?? `${role}-${seq}`;
  const message = { id: null, feedback: null, ...old, ...frame, key, seq };
  return [...messages.filter((each) => each !== old), message].sort((a, b) => a.seq - b.seq);
}

/** A line that only this page knows of. @param {Message[]} messages @param {string} content */
export const withNote = (messages, content) => {
  const seq = highest(messages) + 0.5;
  return upsert(messages, {
    ...{ seq, content, role: "note", status: "failed", sources: [] },
    client_message_id: `note-${messages.length}-${seq}`,
  });
};

/** @param {Pending[]} outbox @param {string | null} cid */
export const without = (outbox, cid) => outbox.filter((entry) => entry.cid !== cid);

/** @param {Pending[]} outbox @param {string} cid @param {Partial<Pending>} change */
export const changed = (outbox, cid, change) =>
  outbox.map((entry) => (entry.cid === cid ? { ...entry, ...change } : entry));
