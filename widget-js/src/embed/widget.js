/** One widget on the page: its life from the script tag to `destroy`, and what the page may call. */

import { detectLocale } from "../i18n/languages.js";
import { labelsOf } from "../i18n/launcher-strings.js";
import { elementsOf } from "../view/dom.js";
import { createLauncher } from "../view/launcher.js";
import { createOpener } from "./chat-loader.js";
import { fetchConfig, refreshScript } from "./config.js";
import { createEvents } from "./events.js";
import { readOption, readOptions } from "./options.js";
import { createPage } from "./page.js";
import { createStage } from "./shadow-host.js";
import { openStorage } from "./storage.js";
import { createTabs } from "./tabs.js";

/** @import { Config, Contact, Loader, Shell, Win } from "../types.js" */
/** @typedef {ReturnType<typeof createWidget>} Widget */

/** Milliseconds between two looks whether a server that was away is back; the last one repeats. */
const LOOK_AGAIN = [2_000, 8_000, 30_000, 120_000];

/**
 * @param {Win} win
 * @param {Loader} loader
 * @param {string} base
 * @param {string} id
 * @param {{ [name: string]: any }} raw the data-attributes of the script tag, or the options of `mount`
 * @param {() => void} onDestroy
 */
export function createWidget(win, loader, base, id, raw, onDestroy) {
  const doc = win.document;
  const storage = openStorage(win, id);
  const events = createEvents(win);
  const options = readOptions(win, raw);
  const page = createPage(win, options.pageContext);
  /** @type {Set<() => void>} */
  const undo = new Set();
  /** What was called before the settings were here. @type {(() => void)[]} */
  const queue = [];
  let locale = detectLocale(win, options.locale);
  let identified = "";
  let destroyed = false;
  /** @type {ReturnType<typeof stand> | null} */
  let parts = null;

  const labelsNow = () => labelsOf(locale, options.texts);

  /**
   * Waits for an event, or so many milliseconds; for ever where the widget is destroyed.
   * @param {EventTarget} target
   * @param {string} type
   * @param {number} [ms]
   */
  const wait = (target, type, ms) =>
    new Promise((done) => {
      const timer = ms && win.setTimeout(over, ms);
      function stop() {
        if (timer) win.clearTimeout(timer);
        target.removeEventListener(type, over);
        undo.delete(stop);
      }
      function over() {
        stop();
        done(null);
      }
      target.addEventListener(type, over);
      undo.add(stop);
    });

  /** @returns {Promise<Config | null>} null: nothing may be shown on this page */
  async function findConfig() {
    for (let look = 0; ; look++) {
      const config = await fetchConfig(win, base, id);
      if (destroyed) return null;
      if (config !== undefined) return config;
      // Not all pages of all visitors at once, when the server is back.
      const spread = 0.5 + win.Math.random();
      await wait(win, "online", LOOK_AGAIN[Math.min(look, LOOK_AGAIN.length - 1)] * spread);
    }
  }

  async function start() {
    const config = await findConfig();
    if (!config) return destroy();
    if (!doc.body) await wait(doc, "DOMContentLoaded");
    if (destroyed) return;
    parts = stand(config);
    parts.stage.show();
    events.emit("ready");
    for (const run of queue.splice(0)) run();
    parts?.tabs.restore();
  }

  /** @param {Config} config */
  function stand(config) {
    const h = elementsOf(doc);
    const stage = createStage(win, h, config, options);
    const launcher = createLauncher(h, stage, labelsNow(), options, click, () => opener.warm());
    stage.setLocale(locale);
    /** @type {Shell} */
    const shell = {
      ...{ win, doc, h, base, id, config, storage, options, page, stage, launcher },
      emit: events.emit,
      turned: (open) => tabs.turned(open),
    };
    const opener = createOpener(shell, loader, () => locale, onAway);
    const tabs = createTabs(shell, opener);
    function click() {
      if (opener.room()?.isOpen()) opener.close();
      else tabs.openAll();
    }
    return { stage, launcher, opener, tabs };
  }

  /** The chat did not come. Maybe this page's script is older than the server knows. */
  function onAway() {
    events.emit("error", { code: "unavailable", message: labelsNow().away });
    refreshScript(win, base);
  }

  function destroy() {
    if (destroyed) return;
    destroyed = true;
    queue.length = 0;
    for (const step of undo) step();
    page.destroy();
    parts?.opener.destroy();
    parts?.tabs.destroy();
    parts?.stage.destroy();
    parts = null;
    events.clear();
    onDestroy();
  }

  /** What has to wait until the widget stands.
   * @type {{ [name: string]: (parts: ReturnType<typeof stand>, value?: any) => void }} */
  const methods = {
    open({ tabs }) {
      if (win.navigator.userActivation?.isActive) tabs.openAll();
      else tabs.openHere();
    },
    close: ({ opener }) => opener.close(),
    toggle: (all) => methods[all.opener.isOpen() ? "close" : "open"](all),
    send: ({ opener }, text) => opener.send(`${text ?? ""}`),
    prefill: ({ opener }, text) => opener.prefill(`${text ?? ""}`),
    identify({ opener }, who) {
      /** @type {Contact} */
      const contact = {};
      for (const field of /** @type {const} */ (["name", "email", "phone"])) {
        const value = `${who?.[field] ?? ""}`.trim();
        if (value) contact[field] = value;
      }
      // A router may say so on every page: once is enough.
      if (JSON.stringify(contact) === (identified || "{}")) return;
      identified = JSON.stringify(contact);
      opener.identify(contact);
    },
    reset({ opener, tabs }) {
      identified = "";
      tabs.forget();
      opener.reset();
    },
    setLocale({ stage, launcher, opener }, next) {
      locale = detectLocale(win, readOption(win, "locale", next));
      stage.setLocale(locale);
      launcher.setLabels(labelsNow());
      opener.relocate();
    },
    setTheme({ stage }, next) {
      const theme = readOption(win, "theme", next);
      if (theme) stage.setTheme(theme);
    },
    setPageContext: (_, context) => page.setContext(context),
  };

  start().catch(destroy);

  /** @type {{ [name: string]: (...args: any[]) => any }} */
  const api = { on: events.on, off: events.off, destroy, attach: () => parts?.stage.show() };
  for (const name in methods) {
    api[name] = (value) => {
      const run = () => parts && methods[name](parts, value);
      if (parts) run();
      else if (!destroyed) queue.push(run);
    };
  }
  return api;
}
