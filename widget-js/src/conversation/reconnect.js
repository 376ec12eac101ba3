/** When to reconnect after a socket closed: a pure table. */

export const MAX_DELAY = 30_000;

/** @typedef {{ stop: string } | { sleep: true } | { wait: number, firm?: boolean }} Next */

/** @type {{ [code: number]: string }} */
const FINAL = { 1009: "closed", 4400: "closed", 4403: "gone", 4404: "gone", 4409: "closed" };

/**
 * Return the delay in milliseconds: exponential, with full jitter.
 * @param {number} attempt
 * @param {number} random 0 ≤ random < 1
 */
export const backOff = (attempt, random) => random * Math.min(MAX_DELAY, 1000 * 2 ** attempt);

/**
 * @param {number} code the close code, 1006 if there was none
 * @param {number} attempt number of attempts before this one
 * @param {number} random
 * @param {number | null} retryAfter seconds, from the last error
 * @returns {Next} `firm`: do not reconnect sooner, even if the page becomes visible
 */
export function afterClose(code, attempt, random, retryAfter) {
  if (FINAL[code]) return { stop: FINAL[code] };
  if (code === 4408) return { sleep: true };
  if (code === 4429 && retryAfter !== null) return { wait: retryAfter * 1000, firm: true };
  if (code === 1001 || code === 1012) return { wait: random * 5000 };
  return { wait: backOff(attempt, random) };
}
