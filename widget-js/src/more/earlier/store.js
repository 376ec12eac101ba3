/**
 * Copies of ended conversations in this browser. The server gives up the token of a conversation
 * that has ended, so nothing else could show it. The copies hold no token.
 */

/** @import { Box, Source, State, WidgetContext } from "../../types.js" */
/**
 * @typedef {{
 *   role: string, content: string, status: string, sources: Source[], created_at?: string,
 *   author?: { name: string } | null, kind?: string,
 * }} Copied A message, as far as it is shown.
 * @typedef {{ of: string, at: number, messages: Copied[] }} Earlier
 *   `of`: the end of its token, the same in all tabs. `at`: when it ended, in milliseconds.
 */

const NAME = "earlier";
const MOST = 10;
const MOST_CHARS = 100_000;
const MOST_DAYS = 30;
const DAY = 86_400_000;
const TAIL_CHARS = 8;

/** @param {any} raw @returns {Earlier} */
const toEarlier = ({ of, at, messages }) => ({
  of: `${of}`,
  at: Number(at),
  messages: messages
    .filter((/** @type {any} */ each) => typeof each?.content === "string")
    .map((/** @type {any} */ each) => ({
      ...each,
      sources: [each.sources].flat().filter((source) => typeof source?.url === "string"),
    })),
});

/** Return the copies, newest first. @param {Box} local @param {number} now @returns {Earlier[]} */
export function readEarlier(local, now) {
  try {
    return JSON.parse(local.get(NAME) || "[]")
      .map(toEarlier)
      .filter(
        (/** @type {Earlier} */ { at, messages }) => messages.length && now - at < MOST_DAYS * DAY,
      );
  } catch {
    return [];
  }
}

/** @param {Box} local @param {Earlier[]} all newest first @param {(value: any) => string} toJson */
export function writeEarlier(local, all, toJson) {
  const kept = all.slice(0, MOST).map((each) => ({ ...each }));
  while (kept.length && toJson(kept).length > MOST_CHARS) {
    const oldest = kept[kept.length - 1];
    if (kept.length > 1) kept.pop();
    else oldest.messages = oldest.messages.slice(Math.ceil(oldest.messages.length / 4));
    if (!oldest.messages.length) kept.pop();
  }
  local.set(NAME, kept.length ? toJson(kept) : null);
}

/**
 * Keep a copy of a conversation that another one has replaced.
 * @param {WidgetContext} context
 * @param {State} before
 * @param {State} state
 */
export function keepEarlier({ win, storage: { local }, toJson }, before, { token }) {
  // This file may have arrived after `reset()`, which leaves no token or a new one.
  const isForgotten = !token || ![before.token, token].includes(local.get("token"));
  if (isForgotten || !before.messages.some(({ role }) => role === "user")) return;
  const of = `${before.token}`.slice(-TAIL_CHARS);
  const now = win.Date.now();
  const messages = /** @type {Copied[]} */ (before.messages)
    .filter(({ role }) => role !== "note")
    .map(({ role, content, status, sources, created_at, author, kind }) => ({
      ...{ role, content, status, sources, created_at, author, kind },
    }));
  const all = readEarlier(local, now);
  // Another tab may have kept a longer one.
  const same = all.find((each) => each.of === of);
  if (same && same.messages.length >= messages.length) return;
  const others = all.filter((each) => each !== same);
  writeEarlier(local, [{ of, at: now, messages }, ...others], toJson);
}
