/** Loads the chat when it is first wanted, and stands in for it until it is there. */

import { wordsOf } from "../i18n/strings.js";

/** @import { Contact, Loader, Room, Shell } from "../types.js" */

/** Milliseconds until the next try; the last one repeats. */
const RETRY = [1_000, 3_000, 10_000, 30_000];
/** Milliseconds: a file that takes longer is asked for again. */
const PATIENCE = 20_000;
/** Milliseconds: nobody waits longer than this for the words of a language. */
const WORDS_PATIENCE = 2_000;

/**
 * @param {Shell} shell
 * @param {Loader} loader
 * @param {() => string} localeNow
 * @param {() => void} onFirstFailure
 */
export function createOpener(shell, loader, localeNow, onFirstFailure) {
  const { win, base, launcher, options } = shell;
  /** @type {Room | null} */
  let room = null;
  /** How it is to be opened. @type {((room: Room) => void) | null} */
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
  function wordsNow() {
    const locale = localeNow();
    const words = locale === "en" ? {} : loader.get(base, locale)?.default;
    return words && wordsOf(words, options.texts);
  }

  /** Never fails: without its words the chat speaks English. */
  async function loadWords() {
    if (localeNow() !== "en") await loader.load(base, localeNow()).catch(() => {});
  }

  const warm = () => {
    loader.load(base, "chat").catch(() => {});
    loadWords();
  };

  /** Goes in at once where all is loaded, else as soon as it is. */
  function go() {
    rest();
    if (loader.get(base, "chat") && wordsNow()) return goIn();
    tell(tries > 0);
    const words = loadWords();
    const chat = loader.load(base, "chat");
    const mine = ++round;
    later(() => {
      loader.giveUp(base, "chat");
      failed();
    }, PATIENCE);
    chat.then(
      () => {
        if (!wanted()) return;
        rest();
        later(goIn, WORDS_PATIENCE);
        words.then(goIn);
      },
      () => mine === round && failed(),
    );
  }

  function goIn() {
    if (!wanted()) return;
    rest();
    tries = 0;
    launcher.wait(false, false);
    const words = wordsNow();
    room = /** @type {Room} */ (
      loader.get(base, "chat").createRoom(shell, words ?? wordsOf(options.texts))
    );
    if (!words) relocate();
    if (prefilled !== null) room.prefill(prefilled);
    if (contact) room.identify(contact);
    for (const text of texts) room.send(text);
    if (owes) room.deliver();
    opens?.(room);
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
    loadWords().then(() => {
      if (locale === localeNow()) room?.setWords(wordsNow() ?? wordsOf(options.texts));
    });
  }

  return {
    room: () => room,
    warm,
    /** @param {(room: Room) => void} how */
    open(how) {
      if (room) return how(room);
      opens = how;
      go();
    },
    close: () => (room ? room.close() : leave()),
    isOpen: () => (room ? room.isOpen() : !!opens),
    /** Sends what an earlier page could not, without the panel. */
    deliver() {
      if (room) return;
      owes = true;
      go();
    },
    /** @param {string} text */
    send(text) {
      if (room) return room.send(text);
      texts.push(text);
      go();
    },
    /** @param {string} text */
    prefill(text) {
      if (room) room.prefill(text);
      else prefilled = text;
    },
    /** @param {Contact} who */
    identify(who) {
      if (room) room.identify(who);
      else contact = who;
    },
    reset() {
      forget();
      leave();
      room?.reset();
    },
    relocate() {
      if (room) relocate();
    },
    destroy() {
      forget();
      rest();
      win.removeEventListener("online", back);
      room?.destroy();
      room = null;
    },
  };
}
