/** One widget on the page: its life cycle from the script tag to `destroy`, and its public methods. */

import { detectLocale } from "../i18n/languages.js";
import { launcherStringsOf } from "../i18n/launcher-strings.js";
import { elementsOf } from "../view/dom.js";
import { createLauncher } from "../view/launcher.js";
import { createChatLoader } from "./chat-loader.js";
import { fetchConfig, refreshScript } from "./config.js";
import { createEvents } from "./events.js";
import { readOption, readOptions } from "./options.js";
import { createPage } from "./page.js";
import { createShadowHost } from "./shadow-host.js";
import { openStorage } from "./storage.js";
import { createTabs } from "./tabs.js";

/** @import { Config, Contact, Chunks, WidgetContext, Win } from "../types.js" */
/** @typedef {ReturnType<typeof createWidget>} Widget */

/** Milliseconds between tries to reach an unavailable server; the last one repeats. */
const RETRY_DELAYS = [2_000, 8_000, 30_000, 120_000];

/**
 * @param {Win} win
 * @param {Chunks} chunks
 * @param {string} base
 * @param {string} id
 * @param {{ [name: string]: any }} raw the data-attributes of the script tag, or the options of `mount`
 * @param {() => void} onDestroy
 */
export function createWidget(win, chunks, base, id, raw, onDestroy) {
  const doc = win.document;
  const storage = openStorage(win, id);
  const events = createEvents(win);
  const options = readOptions(win, raw);
  const page = createPage(win, options.pageContext);
  /** @type {Set<() => void>} */
  const undo = new Set();
  /** Calls made before the settings arrived. @type {(() => void)[]} */
  const queue = [];
  let locale = detectLocale(win, options.locale);
  let identified = "";
  let destroyed = false;
  /** @type {ReturnType<typeof build> | null} */
  let parts = null;

  const launcherStringsNow = () => launcherStringsOf(locale, options.texts);

  /**
   * Wait for an event or a timeout. Never resolves if the widget is destroyed.
   * @param {EventTarget} target
   * @param {string} type
   * @param {number} [ms]
   */
  const wait = (target, type, ms) =>
    new Promise((done) => {
      const timer = ms && win.setTimeout(finish, ms);
      function stop() {
        if (timer) win.clearTimeout(timer);
        target.removeEventListener(type, finish);
        undo.delete(stop);
      }
      function finish() {
        stop();
        done(null);
      }
      target.addEventListener(type, finish);
      undo.add(stop);
    });

  /** @returns {Promise<Config | null>} null: the widget may not be shown on this page */
  async function findConfig() {
    for (let attempt = 0; ; attempt++) {
      const config = await fetchConfig(win, base, id);
      if (destroyed) return null;
      if (config !== undefined) return config;
      // Spread the load when the server is back.
      const spread = 0.5 + win.Math.random();
      await wait(win, "online", RETRY_DELAYS[Math.min(attempt, RETRY_DELAYS.length - 1)] * spread);
    }
  }

  async function start() {
    const config = await findConfig();
    if (!config) return destroy();
    if (!doc.body) await wait(doc, "DOMContentLoaded");
    if (destroyed) return;
    parts = build(config);
    parts.shadowHost.show();
    events.emit("ready");
    for (const run of queue.splice(0)) run();
    parts?.tabs.restore();
  }

  /** @param {Config} config */
  function build(config) {
    const h = elementsOf(doc);
    const shadowHost = createShadowHost(win, h, config, options);
    const launcher = createLauncher(h, shadowHost, launcherStringsNow(), options, click, () =>
      chatLoader.warm(),
    );
    shadowHost.setLocale(locale);
    /** @type {WidgetContext} */
    const context = {
      ...{ win, doc, h, base, id, config, storage, options, page, shadowHost, launcher },
      emit: events.emit,
      onToggle: (open) => tabs.onToggle(open),
    };
    const chatLoader = createChatLoader(context, chunks, () => locale, onLoadFailure);
    const tabs = createTabs(context, chatLoader);
    function click() {
      if (chatLoader.runtime()?.isOpen()) chatLoader.close();
      else tabs.openAll();
    }
    return { shadowHost, launcher, chatLoader, tabs };
  }

  /** The chat did not load. The cached script may be older than the server's files. */
  function onLoadFailure() {
    events.emit("error", { code: "unavailable", message: launcherStringsNow().away });
    refreshScript(win, base);
  }

  function destroy() {
    if (destroyed) return;
    destroyed = true;
    queue.length = 0;
    for (const step of undo) step();
    page.destroy();
    parts?.chatLoader.destroy();
    parts?.tabs.destroy();
    parts?.shadowHost.destroy();
    parts = null;
    events.clear();
    onDestroy();
  }

  /** Methods that wait until the widget is built.
   * @type {{ [name: string]: (parts: ReturnType<typeof build>, value?: any) => void }} */
  const methods = {
    open({ tabs }) {
      if (win.navigator.userActivation?.isActive) tabs.openAll();
      else tabs.openHere();
    },
    close: ({ chatLoader }) => chatLoader.close(),
    toggle: (all) => methods[all.chatLoader.isOpen() ? "close" : "open"](all),
    send: ({ chatLoader }, text) => chatLoader.send(`${text ?? ""}`),
    prefill: ({ chatLoader }, text) => chatLoader.prefill(`${text ?? ""}`),
    identify({ chatLoader }, who) {
      /** @type {Contact} */
      const contact = {};
      for (const field of /** @type {const} */ (["name", "email", "phone"])) {
        const value = `${who?.[field] ?? ""}`.trim();
        if (value) contact[field] = value;
      }
      // Single-page apps may repeat this call on every page.
      if (JSON.stringify(contact) === (identified || "{}")) return;
      identified = JSON.stringify(contact);
      chatLoader.identify(contact);
    },
    reset({ chatLoader, tabs }) {
      identified = "";
      tabs.forget();
      chatLoader.reset();
    },
    setLocale({ shadowHost, launcher, chatLoader }, next) {
      locale = detectLocale(win, readOption(win, "locale", next));
      shadowHost.setLocale(locale);
      launcher.setLabels(launcherStringsNow());
      chatLoader.relocate();
    },
    setTheme({ shadowHost }, next) {
      const theme = readOption(win, "theme", next);
      if (theme) shadowHost.setTheme(theme);
    },
    setPageContext: (_, context) => page.setContext(context),
  };

  start().catch(destroy);

  /** @type {{ [name: string]: (...args: any[]) => any }} */
  const api = { on: events.on, off: events.off, destroy, attach: () => parts?.shadowHost.show() };
  for (const name in methods) {
    api[name] = (value) => {
      const run = () => parts && methods[name](parts, value);
      if (parts) run();
      else if (!destroyed) queue.push(run);
    };
  }
  return api;
}
