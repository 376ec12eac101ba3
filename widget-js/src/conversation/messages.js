/** The lists of the state: transcript lines, and messages without an ack. */

/** @import { Config, Message, Pending, State, Turn } from "../types.js" */

/** @param {Message[]} messages */
const highest = (messages) => Math.floor(messages.at(-1)?.seq ?? 0);

/**
 * Insert a message by its seq, or update it. Its key stays the same: it identifies the line.
 * A regenerated answer has the seq of the old one and replaces it.
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

/** Remove the notes of one turn. Notes stand in for failed answers. @param {Message[]} messages @param {string | null} ref */
export const withoutNotes = (messages, ref) =>
  ref ? messages.filter((each) => each.ref !== ref) : messages;

/**
 * Append a line that only this page knows.
 * @param {Message[]} messages
 * @param {string} content
 * @param {string | null} ref the id of the answer that failed
 * @param {string} [asked] the key of its question
 */
export const withNote = (messages, content, ref, asked) => {
  const seq = highest(messages) + 0.5;
  return upsert(messages, {
    ...{ seq, content, ref, asked, role: "note", status: "failed", sources: [] },
    client_message_id: `note-${messages.length}-${seq}`,
  });
};

/** Return all lines: the greeting, the messages, and what is still to be sent.
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

/**
 * Each answer follows its question, as far as this page saw its turn begin; and the questions that
 * wait for their turn come last, below the answer that is being written.
 * @param {any[]} lines
 * @param {Turn | null} turn
 */
export function inOrder(lines, turn) {
  /** @type {any[]} */
  const first = [];
  /** @type {any[]} */
  const later = [];
  for (const line of lines) {
    const waits = line.cid || (line.role === "user" && line.type && !line.done);
    if (turn && waits && line.key !== turn.asked) later.push(line);
    else {
      const at = line.asked ? first.findIndex(({ key }) => key === line.asked) : -1;
      if (at < 0) first.push(line);
      else first.splice(at + 1, 0, line);
    }
  }
  return { first, later };
}

/** Return the key of the question that the next turn answers. @param {Message[]} messages */
export const nextAsked = (messages) =>
  messages.find(({ role, type, done }) => role === "user" && type && !done)?.key;
