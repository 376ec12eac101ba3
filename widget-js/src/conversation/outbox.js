/** Messages without an ack, stored so that they survive a reload or a closed tab. */

/** @import { Box, Pending } from "../types.js" */

const NAME = "outbox";
const MAX_ENTRIES = 50;

/**
 * @param {Box} local
 * @returns {Pending[]}
 */
export function readOutbox(local) {
  try {
    const entries = JSON.parse(local.get(NAME) || "[]");
    return entries.filter((/** @type {any} */ entry) => entry.cid && entry.content);
  } catch {
    return [];
  }
}

/**
 * Other tabs write here as well: read again, change our own entries, write.
 * @param {Box} local
 * @param {Pending[]} before this page's entries before the change
 * @param {Pending[]} after this page's entries after it
 * @param {(value: any) => string} toJson
 */
export function writeOutbox(local, before, after, toJson) {
  const mine = new Set([...before, ...after].map((entry) => entry.cid));
  const entries = readOutbox(local)
    .filter((entry) => !mine.has(entry.cid))
    .concat(after)
    .slice(-MAX_ENTRIES)
    .map(({ cid, content, failed }) => ({ cid, content, failed }));
  local.set(NAME, entries.length ? toJson(entries) : null);
}

/**
 * Return the messages that may be sent now, in order, up to the first that has to wait.
 * @param {Pending[]} outbox
 */
export function sendable(outbox) {
  const open = outbox.filter((entry) => !entry.failed);
  const held = open.findIndex((entry) => entry.held);
  return open.slice(0, held < 0 ? open.length : held).filter((entry) => !entry.sent);
}
