/** The widget's public settings: fetch and validate them, and find out why they are missing. */

import { blame } from "./blame.js";

/** @import { Config, Win } from "../types.js" */

/** @param {any} value @param {string} fallback */
const colorOf = (value, fallback) => (/^#[0-9a-f]{6}$/i.test(value) ? value : fallback);

/** Return everything before /api/ in the address of the script. @param {string} src */
export const baseOf = (src) => src.split("/api/widget/")[0];

/** @param {string} base @param {string} id */
export const apiOf = (base, id) => `${base}/api/widget/${encodeURIComponent(id)}`;

/** @param {string} base */
const scriptOf = (base) => `${base}/api/widget/embed.js`;

/** Milliseconds until a request counts as failed: some browsers wait for minutes. */
const TIMEOUT = 20_000;

/**
 * Options of a request that depends on no cookies. They have no prototype, because pages add names to
 * that of all objects.
 * @param {RequestCache} [cache]
 */
const plain = (cache) =>
  /** @type {RequestInit} */ ({
    __proto__: null,
    credentials: "omit",
    cache,
    signal: AbortSignal?.timeout?.(TIMEOUT),
  });

/** @param {any} error */
const isTimeout = (error) => error?.name === "TimeoutError";

/**
 * Replace invalid colours, because they are inserted into the style sheet.
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
 * @returns {Promise<Config | null | undefined>} null: not available to this page; undefined: retry
 */
export async function fetchConfig(win, base, id) {
  // Start a new call stack: browsers that record a request's initiator re-read all frames below it.
  await null;
  try {
    const response = await ask(win, `${apiOf(base, id)}/config`);
    if (response.ok) return readConfig(await response.json());
    return response.status < 500 && response.status !== 429 ? null : undefined;
  } catch (error) {
    return !isTimeout(error) && (await whyAway(win, base)) ? null : undefined;
  }
}

/**
 * Some pages wrap `fetch` so that all requests have cookies or are for their own server, or that it
 * returns something else: then ask without it.
 * @param {Win} win
 * @param {string} url
 */
async function ask(win, url) {
  try {
    const response = await win.fetch(url, plain());
    if ("json" in response) return response;
  } catch (error) {
    // A function that was bound, or has a proxy, is native code, too, but without a name.
    if (isTimeout(error) || /fetch\(\)\s*{\s*\[/.test(`${win.fetch}`)) throw error;
  }
  const request = new win.XMLHttpRequest();
  request.open("GET", url);
  request.send();
  await new Promise((done) => {
    request.onloadend = done;
  });
  // Throws if there is no answer: its status is 0.
  return new Response(request.response, request);
}

/** Refresh the browser's cached copy of the script for the next page. @param {Win} win @param {string} base */
export const refreshScript = (win, base) =>
  win.fetch(scriptOf(base), plain("no-cache")).catch(() => {});

/**
 * Find out why a request failed, as browsers do not say: this page is refused, or the server is down.
 * @param {Win} win
 * @param {string} base
 * @returns {Promise<string>} a reason to stop, or "" to keep retrying
 */
export async function whyAway(win, base) {
  try {
    return (await win.fetch(scriptOf(base), plain("no-store"))).ok ? "refused" : "";
  } catch {
    return "";
  }
}

/**
 * Find out why a handshake failed.
 * @param {Win} win
 * @param {string} base
 * @param {string} id
 * @param {unknown} [error] what the page's own `WebSocket` threw
 * @returns {Promise<string>}
 */
export async function whyRefused(win, base, id, error) {
  if (error) blame(win, error);
  try {
    const response = await win.fetch(`${apiOf(base, id)}/config`, plain("no-store"));
    return response.status === 404 ? "gone" : "";
  } catch {
    return whyAway(win, base);
  }
}
