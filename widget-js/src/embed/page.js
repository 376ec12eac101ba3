/** Report the visitor's page to the server: with each session, and after each navigation. */

import { documentOf, toJson } from "./natives.js";

/** @import { Win } from "../types.js" */
/** @typedef {ReturnType<typeof createPage>} PageWatch */
/** @typedef {{ [name: string]: any }} Context */

/** Server limits: bytes per frame, nesting and numbers in a context. */
const MAX_BYTES = 4096;
const MAX_LEVELS = 6;
const MAX_NUMBER = 2 ** 53;
/** Milliseconds between a navigation and its frame: routers set the title after the address. */
const SETTLE = 1000;

/** @param {any} value @param {number} levels @returns {boolean} */
const isPlain = (value, levels) =>
  typeof value === "number"
    ? Math.abs(value) <= MAX_NUMBER
    : !value ||
      typeof value !== "object" ||
      (levels > 0 && Object.values(value).every((each) => isPlain(each, levels - 1)));

/** @param {string} text @param {number} most */
const cut = (text, most) => [...text].slice(0, most).join("");

/** Remove fragment and user info. @param {string} address */
function clean(address) {
  try {
    const { protocol, origin, pathname, search } = new URL(address);
    return /^https?:$/.test(protocol) ? { path: origin + pathname, search } : null;
  } catch {
    return null;
  }
}

/**
 * Build the page frame within the size limit: the least important parts are dropped first.
 * @param {{ href: string, title: string, referrer: string, context: Context }} page
 * @returns {string} JSON; empty if the page has no address to report
 */
export function pageFrame({ href, title, referrer, context }) {
  const here = clean(href);
  if (!here) return "";
  const before = clean(referrer);
  const from = before ? before.path + before.search : "";
  const full = {
    type: "page",
    url: here.path + here.search,
    title: cut(title, 300),
    referrer: from,
  };
  const less = { ...full, title: cut(title, 80), referrer: before ? cut(before.path, 200) : "" };
  for (const frame of [
    { ...full, context },
    { ...less, context },
    { ...less, context: {} },
    { ...less, context: {}, url: here.path },
  ]) {
    const text = toJson(frame);
    if (new TextEncoder().encode(text).length <= MAX_BYTES) return text;
  }
  return "";
}

/** @param {Win & { navigation?: EventTarget }} win @param {Context | undefined} said */
export function createPage(win, said) {
  const doc = documentOf(win);
  /** @type {(() => void)[]} */
  const undo = [];
  /** @type {Context} */
  let context = {};
  /** @type {((frame: object) => boolean) | null} */
  let send = null;
  let last = "";
  let timer = 0;

  /** @param {string} type @param {EventTarget} target @param {() => void} listener */
  function listen(type, target, listener) {
    target.addEventListener(type, listener, true);
    undo.push(() => target.removeEventListener(type, listener, true));
  }

  function check() {
    // A background tab reports nothing: the visitor is on another page.
    if (!send || doc.hidden) return;
    const { title, referrer } = doc;
    const frame = pageFrame({ href: win.location.href, title, referrer, context });
    if (frame && frame !== last && send(JSON.parse(frame))) last = frame;
  }

  function soon() {
    timer ||= win.setTimeout(() => {
      timer = 0;
      check();
    }, SETTLE);
  }

  function watch() {
    listen("visibilitychange", doc, soon);
    if (win.navigation) return listen("currententrychange", win.navigation, soon);
    // Older browsers have no event for pushState: check after each click and key.
    for (const type of ["popstate", "hashchange"]) listen(type, win, soon);
    for (const type of ["click", "keyup"]) listen(type, doc, soon);
  }

  /** @param {unknown} next */
  function setContext(next) {
    try {
      const copy = JSON.parse(toJson(next));
      if (!copy || typeof copy !== "object" || Array.isArray(copy)) throw 0;
      if (!isPlain(copy, MAX_LEVELS)) throw 0;
      context = copy;
      if (send) soon();
    } catch {
      win.console.warn(
        `Loquent: this page context is left out. It has to be a JSON object, at most ${MAX_LEVELS} levels deep.`,
      );
    }
  }
  if (said) setContext(said);

  return {
    setContext,
    /** A session started; null if its protocol has no page frames.
     * @param {((frame: object) => boolean) | null} by */
    setSender(by) {
      if (by && !undo.length) watch();
      send = by;
      last = "";
      check();
    },
    destroy() {
      send = null;
      win.clearTimeout(timer);
      for (const step of undo.splice(0)) step();
    },
  };
}
