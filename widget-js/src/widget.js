/** One widget on the page: its life from the script tag to `destroy`, and what the page may call. */

import { fetchConfig, whyAway } from "./config.js";
import { createEvents } from "./events.js";
import { labelsOf } from "./labels.js";
import { detectLocale } from "./languages.js";
import { createOpener } from "./opener.js";
import { createStage } from "./stage.js";
import { openStorage, prefixOf } from "./storage.js";
import { elementsOf } from "./view/dom.js";
import { createLauncher } from "./view/launcher.js";

/** @import { Config, Contact, Loader, Room } from "./types.js" */
/** @import { Win } from "./types.js" */
/** @typedef {ReturnType<typeof createWidget>} Widget */

/** Milliseconds between two looks whether a server that was away is back; the last one repeats. */
const LOOK_AGAIN = [2_000, 8_000, 30_000];

/**
 * @param {Win} win
 * @param {Loader} loader
 * @param {string} base
 * @param {string} id
 * @param {{ [name: string]: string | undefined }} options the data-attributes of the script tag
 * @param {() => void} onDestroy
 */
export function createWidget(win, loader, base, id, options, onDestroy) {
  const doc = win.document;
  const h = elementsOf(doc);
  const storage = openStorage(win, id);
  const events = createEvents(win);
  /** @type {(() => void)[]} */
  const undo = [];
  /** What was called before the settings were here. @type {(() => void)[]} */
  const queue = [];
  let locale = detectLocale(win, options.locale);
  let theme = options.theme ?? "auto";
  let destroyed = false;
  /** @type {ReturnType<typeof createStage> | null} */
  let stage = null;
  /** @type {ReturnType<typeof createLauncher> | null} */
  let launcher = null;
  /** @type {ReturnType<typeof createOpener> | null} */
  let opener = null;

  /** @param {EventTarget} target @param {string} type @param {(event: any) => void} listener */
  function listen(target, type, listener) {
    target.addEventListener(type, listener);
    undo.push(() => target.removeEventListener(type, listener));
  }

  /** @returns {Promise<Config | null>} null: nothing may be shown on this page */
  async function findConfig() {
    for (let look = 0; !destroyed; look++) {
      const config = await fetchConfig(win, base, id);
      if (config !== undefined || (await whyAway(win, base))) return config ?? null;
      const wait = LOOK_AGAIN[Math.min(look, LOOK_AGAIN.length - 1)];
      await new Promise((done) => {
        const timer = win.setTimeout(done, wait);
        undo.push(() => win.clearTimeout(timer));
        listen(win, "online", done);
      });
    }
    return null;
  }

  async function start() {
    const config = await findConfig();
    if (!config) return destroy();
    if (!doc.body) await new Promise((done) => listen(doc, "DOMContentLoaded", done));
    if (destroyed) return;
    stand(config);
    events.emit("ready");
    for (const run of queue.splice(0)) run();
    if (storage.tab.get("open") || options.open !== undefined) methods.open();
  }

  /** @param {Config} config */
  function stand(config) {
    stage = createStage(win, h, config, theme);
    launcher = createLauncher(h, doc, labelsOf(locale), click, () => opener?.warm());
    stage.setLocale(locale);
    stage.root.append(...launcher.nodes);
    const shell = {
      win,
      doc,
      h,
      base,
      id,
      config,
      storage,
      options,
      stage,
      launcher,
      emit: events.emit,
    };
    opener = createOpener(shell, loader, () => locale);
    launcher.render(false, unread());
    listen(win, "storage", ({ key }) => {
      if (key === `${prefixOf(id)}unread` && !opener?.room()) launcher?.render(false, unread());
    });
    stage.show();
  }

  const unread = () => Number(storage.local.get("unread")) || 0;

  function click() {
    opener?.click();
  }

  function destroy() {
    if (destroyed) return;
    destroyed = true;
    for (const step of undo.splice(0)) step();
    opener?.destroy();
    stage?.destroy();
    stage = launcher = opener = null;
    events.clear();
    onDestroy();
  }

  /** @param {(room: Room) => void} run */
  const inRoom = (run) => opener?.enter(run);

  /** What has to wait until the widget stands. @type {{ [name: string]: (value?: any) => void }} */
  const methods = {
    open: () => opener?.open(),
    close: () => opener?.close(),
    toggle: () => opener?.toggle(),
    send: (text) => inRoom((room) => room.send(`${text}`)),
    prefill: (text) => inRoom((room) => room.prefill(`${text}`)),
    /** As if the visitor had typed it and sent it, as soon as there is a conversation.
     * @param {Contact} contact */
    identify: ({ name, email, phone }) => opener?.identify({ name, email, phone }),
    reset: () => opener?.reset(),
    setLocale(next) {
      locale = detectLocale(win, next);
      stage?.setLocale(locale);
      launcher?.setLabels(labelsOf(locale));
      opener?.relocate();
    },
    setTheme(next) {
      theme = next;
      stage?.setTheme(next);
    },
  };

  start().catch(destroy);

  /** @type {{ [name: string]: (...args: any[]) => any }} */
  const api = { on: events.on, off: events.off, destroy };
  for (const name in methods) {
    api[name] = (value) => {
      const run = () => methods[name](value);
      if (opener) run();
      else if (!destroyed) queue.push(run);
    };
  }
  return api;
}
