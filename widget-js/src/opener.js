/** Loads the chat when it is first wanted, and stands in for it until it is there. */

import { labelsOf } from "./labels.js";
import { wordsOf } from "./words.js";

/** @import { Contact, Loader, Room, Shell } from "./types.js" */

/** Milliseconds until the next try; the last one repeats. */
const RETRY = [1_000, 3_000, 10_000, 30_000];

/**
 * @param {Shell} shell
 * @param {Loader} loader
 * @param {() => string} localeNow
 */
export function createOpener(shell, loader, localeNow) {
  const { win, base, storage, launcher, emit } = shell;
  /** @type {Room | null} */
  let room = null;
  /** What is to be done in the room. @type {((room: Room) => void)[]} */
  let wanted = [];
  let opens = false;
  let tries = 0;
  let timer = 0;
  /** @type {Contact | null} */
  let contact = null;

  const namesNow = () => {
    const locale = localeNow();
    return locale === "en" ? ["chat"] : ["chat", locale];
  };

  function warm() {
    for (const name of namesNow()) loader.load(base, name).catch(() => {});
  }

  /** Goes in at once where all is loaded, else as soon as it is. */
  function go() {
    win.clearTimeout(timer);
    const names = namesNow();
    const modules = names.map((name) => loader.get(base, name));
    if (modules.every(Boolean)) return enterWith(modules);
    launcher.wait(true, tries > 0);
    Promise.all(names.map((name) => loader.load(base, name))).then(go, failed);
  }

  /** @param {any[]} modules */
  function enterWith([chat, words]) {
    if (!wanted.length) return;
    tries = 0;
    launcher.wait(false, false);
    room ??= /** @type {Room} */ (chat.createRoom(shell, wordsOf(words?.default)));
    const todo = wanted;
    wanted = [];
    if (contact) room.identify(contact);
    contact = null;
    for (const run of todo) run(room);
  }

  function failed() {
    if (!wanted.length) return;
    if (!tries) emit("error", { code: "unavailable", message: labelsOf(localeNow()).away });
    launcher.wait(true, true);
    win.clearTimeout(timer);
    timer = win.setTimeout(go, RETRY[Math.min(tries++, RETRY.length - 1)]);
  }

  /** @param {(room: Room) => void} run */
  function enter(run) {
    if (room) return run(room);
    wanted.push(run);
    go();
  }

  function leave() {
    wanted = [];
    opens = false;
    win.clearTimeout(timer);
    launcher.wait(false, false);
  }

  win.addEventListener("online", back);
  function back() {
    if (wanted.length) go();
  }

  const actions = {
    room: () => room,
    warm,
    enter,
    click: () => (room ? room.toggle(true) : enter((now) => now.open(true))),
    open: () => {
      opens = true;
      enter((now) => now.open(!!win.navigator.userActivation?.isActive));
    },
    close: () => (room ? room.close() : leave()),
    toggle: () => (room ? room.toggle(false) : opens ? leave() : actions.open()),
    /** @param {Contact} who */
    identify(who) {
      if (room) room.identify(who);
      else contact = who;
    },
    reset() {
      contact = null;
      if (room) return room.reset();
      for (const name of ["token", "outbox", "unread", "read"]) storage.local.set(name, null);
      storage.tab.set("draft", null);
      launcher.render(false, 0);
    },
    /** The words of the new language, as soon as they are here. */
    relocate() {
      if (!room) return;
      const [, name] = namesNow();
      if (!name) return room.setWords(wordsOf());
      const apply = () =>
        localeNow() === name && room?.setWords(wordsOf(loader.get(base, name).default));
      if (loader.get(base, name)) apply();
      else loader.load(base, name).then(apply, () => {});
    },
    destroy() {
      leave();
      win.removeEventListener("online", back);
      room?.destroy();
      room = null;
    },
  };
  return actions;
}
