/** Loads the chat when it is first wanted, and stands in for it until it is there. */

import { stringsOf } from "../i18n/strings.js";

/** @import { Contact, Chunks, ChatRuntime, WidgetContext } from "../types.js" */

/** Milliseconds until the next try; the last one repeats. */
const RETRY = [1_000, 3_000, 10_000, 30_000];
/** Milliseconds: a file that takes longer is asked for again. */
const PATIENCE = 20_000;
/** Milliseconds: nobody waits longer than this for the words of a language. */
const STRINGS_TIMEOUT = 2_000;

/**
 * @param {WidgetContext} context
 * @param {Chunks} chunks
 * @param {() => string} localeNow
 * @param {() => void} onFirstFailure
 */
export function createChatLoader(context, chunks, localeNow, onFirstFailure) {
  const { win, base, launcher, options } = context;
  /** @type {ChatRuntime | null} */
  let runtime = null;
  /** How it is to be opened. @type {((room: ChatRuntime) => void) | null} */
  let opens = null;
  /** @type {string[]} */
  let texts = [];
  /** @type {string | null} */
  let prefilled = null;
  /** @type {Contact | null} */
  let contact = null;
  /** Does something of an earlier page still have to go out? */
  let owes = false;
  let tries = 0;
  /** Who waited before must not count the same failure again. */
  let round = 0;
  /** @type {Set<number>} */
  const timers = new Set();

  /** Did somebody ask for it, on this page? */
  const asked = () => !!opens || texts.length > 0;
  const wanted = () => owes || asked();

  /** Only who asked for the chat is told that it is late. @param {boolean} away */
  const tell = (away) => launcher.wait(asked(), asked() && away);

  /** @param {() => void} run @param {number} ms */
  function later(run, ms) {
    const timer = win.setTimeout(() => {
      timers.delete(timer);
      run();
    }, ms);
    timers.add(timer);
  }

  function rest() {
    timers.forEach(win.clearTimeout);
    timers.clear();
  }

  /** The words of the visitor's language; undefined while they are not here. */
  function stringsNow() {
    const locale = localeNow();
    const strings = locale === "en" ? {} : chunks.get(base, locale)?.default;
    return strings && stringsOf(strings, options.texts);
  }

  /** Never fails: without its words the chat speaks English. */
  async function loadStrings() {
    if (localeNow() !== "en") await chunks.load(base, localeNow()).catch(() => {});
  }

  const warm = () => {
    chunks.load(base, "chat").catch(() => {});
    loadStrings();
  };

  /** Goes in at once where all is loaded, else as soon as it is. */
  function go() {
    rest();
    if (chunks.get(base, "chat") && stringsNow()) return goIn();
    tell(tries > 0);
    const strings = loadStrings();
    const chat = chunks.load(base, "chat");
    const mine = ++round;
    later(() => {
      chunks.giveUp(base, "chat");
      failed();
    }, PATIENCE);
    chat.then(
      () => {
        if (!wanted()) return;
        rest();
        later(goIn, STRINGS_TIMEOUT);
        strings.then(goIn);
      },
      () => mine === round && failed(),
    );
  }

  function goIn() {
    if (!wanted()) return;
    rest();
    tries = 0;
    launcher.wait(false, false);
    const strings = stringsNow();
    runtime = /** @type {ChatRuntime} */ (
      chunks.get(base, "chat").createChatRuntime(context, strings ?? stringsOf(options.texts))
    );
    if (!strings) relocate();
    if (prefilled !== null) runtime.prefill(prefilled);
    if (contact) runtime.identify(contact);
    for (const text of texts) runtime.send(text);
    if (owes) runtime.deliver();
    opens?.(runtime);
    forget();
  }

  function failed() {
    if (!wanted()) return;
    rest();
    round++;
    if (!tries) onFirstFailure();
    tell(true);
    later(go, RETRY[Math.min(tries++, RETRY.length - 1)]);
  }

  function forget() {
    opens = prefilled = contact = null;
    owes = false;
    texts = [];
  }

  /** Does not want the panel any more; what was to be sent still is. */
  function leave() {
    opens = null;
    tell(tries > 0);
    if (!wanted()) rest();
  }

  function back() {
    if (wanted()) go();
  }
  win.addEventListener("online", back);

  /** The words of the new language, as soon as they are here. */
  function relocate() {
    const locale = localeNow();
    loadStrings().then(() => {
      if (locale === localeNow()) runtime?.setStrings(stringsNow() ?? stringsOf(options.texts));
    });
  }

  return {
    runtime: () => runtime,
    warm,
    /** @param {(room: ChatRuntime) => void} how */
    open(how) {
      if (runtime) return how(runtime);
      opens = how;
      go();
    },
    close: () => (runtime ? runtime.close() : leave()),
    isOpen: () => (runtime ? runtime.isOpen() : !!opens),
    /** Sends what an earlier page could not, without the panel. */
    deliver() {
      if (runtime) return;
      owes = true;
      go();
    },
    /** @param {string} text */
    send(text) {
      if (runtime) return runtime.send(text);
      texts.push(text);
      go();
    },
    /** @param {string} text */
    prefill(text) {
      if (runtime) runtime.prefill(text);
      else prefilled = text;
    },
    /** @param {Contact} who */
    identify(who) {
      if (runtime) runtime.identify(who);
      else contact = who;
    },
    reset() {
      forget();
      leave();
      runtime?.reset();
    },
    relocate() {
      if (runtime) relocate();
    },
    destroy() {
      forget();
      rest();
      win.removeEventListener("online", back);
      runtime?.destroy();
      runtime = null;
    },
  };
}
