/** The widget's public settings: where they are, what they hold, and why they may be missing. */

/** @import { Config, Win } from "../types.js" */

/** @param {any} value @param {string} fallback */
const colorOf = (value, fallback) => (/^#[0-9a-f]{6}$/i.test(value) ? value : fallback);

/** All that stands before /api/ in the address that the script came from. @param {string} src */
export const baseOf = (src) => src.split("/api/widget/")[0];

/** @param {string} base @param {string} id */
export const apiOf = (base, id) => `${base}/api/widget/${encodeURIComponent(id)}`;

/** @param {string} base */
const scriptOf = (base) => `${base}/api/widget/embed.js`;

/** @type {RequestInit} */
const PLAIN = { credentials: "omit" };
/** @type {RequestInit} */
const FRESH = { credentials: "omit", cache: "no-store" };

/**
 * The colours reach the style sheet: what is no colour does not.
 * @param {any} raw
 * @returns {Config}
 */
export const readConfig = (raw) => ({
  ...raw,
  primary_color: colorOf(raw.primary_color, "#6366f1"),
  text_color: colorOf(raw.text_color, "#ffffff"),
});

/**
 * @param {Win} win
 * @param {string} base
 * @param {string} id
 * @returns {Promise<Config | null | undefined>} null: none for this page; undefined: ask again
 */
export async function fetchConfig(win, base, id) {
  // On a stack of its own: browsers that note where a request came from read all below it again.
  await null;
  try {
    const response = await win.fetch(`${apiOf(base, id)}/config`, PLAIN);
    if (response.ok) return readConfig(await response.json());
    return response.status < 500 && response.status !== 429 ? null : undefined;
  } catch {
    return (await whyAway(win, base)) ? null : undefined;
  }
}

/** Makes the next page load ask for the script anew. @param {Win} win @param {string} base */
export const refreshScript = (win, base) =>
  win.fetch(scriptOf(base), { credentials: "omit", cache: "no-cache" }).catch(() => {});

/**
 * A browser does not say why it got no answer: a refusal of this page, or a server that is away.
 * @param {Win} win
 * @param {string} base
 * @returns {Promise<string>} the reason to stop for, or "" to go on trying
 */
export async function whyAway(win, base) {
  try {
    return (await win.fetch(scriptOf(base), FRESH)).ok ? "refused" : "";
  } catch {
    return "";
  }
}

/**
 * The same of a handshake that failed.
 * @param {Win} win
 * @param {string} base
 * @param {string} id
 * @returns {Promise<string>}
 */
export async function whyRefused(win, base, id) {
  try {
    const response = await win.fetch(`${apiOf(base, id)}/config`, FRESH);
    return response.status === 404 ? "gone" : "";
  } catch {
    return whyAway(win, base);
  }
}
