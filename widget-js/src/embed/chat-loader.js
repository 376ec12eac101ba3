/**
 * Loads the chat when it is first needed, and keeps what is asked of it until it runs.
 *
 * | state       | waits for                     | event                                 | next state |
 * | ----------- | ----------------------------- | ------------------------------------- | ---------- |
 * | idle        | a request                     | open, send, deliver                   | loading; running if all files are here |
 * | loading     | the chat's file               | it arrives                            | translating |
 * |             |                               | it fails, or LOAD_TIMEOUT passes      | waiting |
 * |             |                               | open, send, deliver, network is back  | loading, with a new timeout |
 * | translating | the strings of the locale     | they arrive or fail, STRINGS_TIMEOUT  | running |
 * |             |                               | open, send, deliver, network is back  | loading |
 * | waiting     | the next try                  | retry delay, open, send, deliver, network is back | loading |
 * |             |                               | a file arrives after its timeout      | translating |
 * | the three above |                           | close, reset; nothing left to send    | idle |
 * | running     | nothing: calls go to the chat | destroy                               | idle |
 *
 * `prefill` and `identify` are kept for the chat, and request nothing. Each state has at most one timer.
 */

import { guarded } from "./blame.js";

/** @import { ChatRuntime, Chunks, Contact, WidgetContext } from "../types.js" */

/** @typedef {"idle" | "loading" | "translating" | "waiting" | "running"} LoaderState */

/**
 * @typedef {{
 *   open: ((runtime: ChatRuntime) => void) | null, texts: string[], deliver: boolean,
 *   prefill: string | null, contact: Contact | null,
 * }} Requests What the chat has to do as soon as it runs. `deliver`: send what an earlier page could not.
 */

/** Milliseconds until the next try; the last one repeats. */
const RETRY_DELAYS = [1_000, 3_000, 10_000, 30_000];
/** Milliseconds until a file that has not arrived is requested again. */
const LOAD_TIMEOUT = 20_000;
/** Milliseconds until the chat starts in English, if the strings of its language have not arrived. */
const STRINGS_TIMEOUT = 2_000;

/** @returns {Requests} */
const noRequests = () => ({ open: null, texts: [], deliver: false, prefill: null, contact: null });

/**
 * @param {WidgetContext} context
 * @param {Chunks} chunks
 * @param {() => string} localeNow
 * @param {() => void} onFirstFailure
 */
export function createChatLoader(context, chunks, localeNow, onFirstFailure) {
  const { win, base, launcher } = context;
  /** @type {LoaderState} */
  let state = "idle";
  /** The chat; null unless the state is "running". @type {ChatRuntime | null} */
  let runtime = null;
  let requests = noRequests();
  /** Failed tries in a row. */
  let failures = 0;
  let timer = 0;
  /** The latest request for the chat's file: only its failure counts. @type {Promise<any> | null} */
  let latest = null;

  /** @param {LoaderState} next @param {() => void} [onTimeout] @param {number} [ms] */
  function enter(next, onTimeout, ms) {
    state = next;
    win.clearTimeout(timer);
    if (onTimeout) timer = win.setTimeout(onTimeout, ms);
  }

  /** Show progress on the launcher, if this page asked for the chat. @param {boolean} failed */
  function showProgress(failed) {
    const asked = !!requests.open || requests.texts.length > 0;
    launcher.wait(asked, asked && failed);
  }

  /** Return the strings in the visitor's language; undefined until they are loaded. */
  function stringsNow() {
    const locale = localeNow();
    return locale === "en" ? {} : chunks.get(base, locale)?.default;
  }

  /** Never rejects: without its strings the chat speaks English. */
  async function loadStrings() {
    if (localeNow() !== "en") await chunks.load(base, localeNow()).catch(() => {});
  }

  /** Replace the strings as soon as those of the current locale are loaded. */
  function translate() {
    const locale = localeNow();
    loadStrings().then(() => {
      if (locale === localeNow()) runtime?.setStrings(stringsNow());
    });
  }

  function load() {
    if (chunks.get(base, "chat") && stringsNow()) return start();
    const strings = loadStrings();
    const file = chunks.load(base, "chat");
    latest = file;
    enter("loading", onTimeout, LOAD_TIMEOUT);
    showProgress(failures > 0);
    file.then(
      () => onLoaded(strings),
      () => {
        if (state === "loading" && file === latest) onFailure();
      },
    );
  }

  function onTimeout() {
    chunks.giveUp(base, "chat");
    onFailure();
  }

  function onFailure() {
    const first = !failures;
    enter("waiting", load, RETRY_DELAYS[Math.min(failures++, RETRY_DELAYS.length - 1)]);
    showProgress(true);
    // Last, because a listener on the page may close or destroy the widget.
    if (first) onFirstFailure();
  }

  /** Also called for a file that arrives after its timeout. @param {Promise<void>} strings */
  function onLoaded(strings) {
    if (state !== "loading" && state !== "waiting") return;
    enter("translating", start, STRINGS_TIMEOUT);
    strings.then(() => {
      if (state === "translating") start();
    });
  }

  const start = () => guarded(win, run);

  function run() {
    win.clearTimeout(timer);
    failures = 0;
    launcher.wait(false, false);
    const strings = stringsNow();
    const chat = /** @type {ChatRuntime} */ (
      chunks.get(base, "chat").createChatRuntime(context, strings)
    );
    runtime = chat;
    enter("running");
    if (!strings) translate();
    if (requests.prefill !== null) chat.prefill(requests.prefill);
    if (requests.contact) chat.identify(requests.contact);
    for (const text of requests.texts) chat.send(text);
    if (requests.deliver) chat.deliver();
    requests.open?.(chat);
    requests = noRequests();
  }

  /** The visitor no longer wants the panel; messages and deliveries are still sent. */
  function leave() {
    requests.open = null;
    if (!requests.texts.length && !requests.deliver) enter("idle");
    showProgress(failures > 0);
  }

  function onOnline() {
    if (state !== "idle" && state !== "running") load();
  }
  win.addEventListener("online", onOnline);

  return {
    runtime: () => runtime,
    /** Load the files in advance, without a request. */
    warm() {
      chunks.load(base, "chat").catch(() => {});
      loadStrings();
    },
    /** @param {(runtime: ChatRuntime) => void} how */
    open(how) {
      if (runtime) return how(runtime);
      requests.open = how;
      load();
    },
    close: () => (runtime ? runtime.close() : leave()),
    isOpen: () => (runtime ? runtime.isOpen() : !!requests.open),
    /** Send what an earlier page could not, without opening the panel. */
    deliver() {
      if (runtime) return;
      requests.deliver = true;
      load();
    },
    /** @param {string} text */
    send(text) {
      if (runtime) return runtime.send(text);
      requests.texts.push(text);
      load();
    },
    /** @param {string} text */
    prefill(text) {
      if (runtime) runtime.prefill(text);
      else requests.prefill = text;
    },
    /** @param {Contact} contact */
    identify(contact) {
      if (runtime) runtime.identify(contact);
      else requests.contact = contact;
    },
    reset() {
      requests = noRequests();
      if (runtime) runtime.reset();
      else leave();
    },
    /** The locale changed. */
    relocate() {
      if (runtime) translate();
    },
    destroy() {
      requests = noRequests();
      enter("idle");
      win.removeEventListener("online", onOnline);
      runtime?.destroy();
      runtime = null;
    },
  };
}
