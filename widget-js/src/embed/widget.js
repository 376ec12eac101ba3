/** One widget on the page: its life cycle from the script tag to `destroy`, and its public methods. */

import { detectLocale } from "../i18n/languages.js";
import { launcherStringsOf } from "../i18n/launcher-strings.js";
import { elementsOf } from "../view/dom.js";
import { createLauncher } from "../view/launcher.js";
import { blame } from "./blame.js";
import { createChatLoader } from "./chat-loader.js";
import { fetchConfig, refreshScript } from "./config.js";
import { createEvents } from "./events.js";
import { documentOf, toJson } from "./natives.js";
import { readOption, readOptions } from "./options.js";
import { createPage } from "./page.js";
import { createShadowHost } from "./shadow-host.js";
import { openStorage } from "./storage.js";
import { createTabs } from "./tabs.js";
import { outsideZone } from "./zone.js";

/** @import { Config, Contact, Chunks, WidgetContext, Win } from "../types.js" */
/** @typedef {ReturnType<typeof createWidget>} Widget */

/** Milliseconds between tries to reach an unavailable server; the last one repeats. */
const RETRY_DELAYS = [2_000, 8_000, 30_000, 120_000];
/** Milliseconds until a refusal is checked: the first may come from a proxy; the last one repeats. */
const REFUSED_DELAYS = [5_000, 600_000];
/** Seconds. */
const TEASER_DELAY = 10;

/**
 * @param {Win} win
 * @param {Chunks} chunks
 * @param {string} base
 * @param {string} id
 * @param {{ [name: string]: any }} raw the data-attributes of the script tag, or the options of `mount`
 * @param {() => void} onDestroy
 */
export function createWidget(win, chunks, base, id, raw, onDestroy) {
  const doc = documentOf(win);
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
  /** The server has refused this page twice. */
  let believed = false;
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

  /** Retry until the server returns the settings. @returns {Promise<Config>} */
  async function findConfig() {
    let failures = 0;
    let refusals = 0;
    for (;;) {
      const config = await fetchConfig(win, base, id);
      believed = false;
      if (config) return config;
      const refused = config === null;
      // Believed: calls of this page are not kept until the widget is allowed one day.
      if (refused && refusals) {
        believed = true;
        queue.length = 0;
        if (refusals < 2)
          win.console.warn(
            `Loquent: no chat on ${win.location.origin}. Allow this site, or enable the widget.`,
          );
      }
      if (!refused) refusals = 0;
      const delays = refused ? REFUSED_DELAYS : RETRY_DELAYS;
      const delay = delays[Math.min(refused ? refusals++ : failures++, delays.length - 1)];
      // Spread the load when the server is back.
      await wait(win, "online", refused ? delay : delay * (0.5 + win.Math.random()));
    }
  }

  async function start() {
    const config = await findConfig();
    if (destroyed) return;
    // Not there yet, or the page replaces it.
    while (!doc.body) await wait(doc, "DOMContentLoaded", 1000);
    if (destroyed) return;
    parts = build(config);
    parts.shadowHost.show();
    events.emit("ready");
    for (const run of queue.splice(0)) run();
    parts?.tabs.restore();
    if (options.teaser) tease(options.teaser).catch(() => {});
  }

  /** @param {string} text */
  async function tease(text) {
    // Nobody fires this event: only the time ends the wait.
    await wait(win, "", 1000 * (options.teaserDelay ?? TEASER_DELAY));
    const more = await chunks.load(base, "more");
    const strings = locale === "en" ? more : (await chunks.load(base, locale)).default;
    const label = options.texts?.dismiss ?? strings.dismiss;
    if (parts) more.createTeaser(parts.context, text, label, parts.tabs.openAll);
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
      ...{ win, doc, h, base, id, config, chunks, storage, options, page, shadowHost, launcher },
      toJson,
      emit: events.emit,
      onToggle: (open) => tabs.onToggle(open),
    };
    const chatLoader = createChatLoader(context, chunks, () => locale, onLoadFailure);
    const tabs = createTabs(context, chatLoader);
    function click() {
      if (chatLoader.runtime()?.isOpen()) chatLoader.close();
      else tabs.openAll();
    }
    return { context, shadowHost, launcher, chatLoader, tabs };
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
      const wanted = toJson(contact);
      if (wanted === (identified || "{}")) return;
      identified = wanted;
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

  start().catch((error) => {
    destroy();
    blame(win, error);
    win.reportError(error);
  });

  /** @type {{ [name: string]: (...args: any[]) => any }} */
  const api = { on: events.on, off: events.off, destroy, attach: () => parts?.shadowHost.show() };
  for (const name in methods) {
    api[name] = (value) => {
      const run = () => parts && outsideZone(win, () => parts && methods[name](parts, value));
      if (parts) run();
      else if (!destroyed && !believed) queue.push(run);
    };
  }
  return api;
}
