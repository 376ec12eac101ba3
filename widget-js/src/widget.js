/** One widget on the page: its life from the script tag to `destroy`, and what the page may call. */

import { createChat } from "./chat.js";
import { fetchConfig } from "./config.js";
import { createConversation } from "./conversation.js";
import { detectLocale } from "./i18n.js";
import { openStorage, prefixOf } from "./storage.js";

/** @import { Config, Contact, Frame, State, Win } from "./types.js" */
/** @typedef {(detail?: any) => void} Listener */
/** @typedef {ReturnType<typeof createWidget>} Widget */

/**
 * @param {Win} win
 * @param {string} base
 * @param {string} id
 * @param {{ [name: string]: string | undefined }} options the data-attributes of the script tag
 * @param {() => void} onDestroy
 */
export function createWidget(win, base, id, options, onDestroy) {
  const doc = win.document;
  const storage = openStorage(win, id);
  /** @type {Set<[string, Listener]>} */
  const listeners = new Set();
  /** @type {(() => void)[]} */
  const undo = [];
  /** @type {(() => void)[]} */
  const queue = [];
  let locale = detectLocale(win, options.locale);
  let theme = options.theme ?? "auto";
  let destroyed = false;
  /** @type {Config | null} */
  let config = null;
  /** @type {ReturnType<typeof createConversation> | null} */
  let conversation = null;
  /** @type {ReturnType<typeof createChat> | null} */
  let chat = null;

  /** @param {string} name @param {any} [detail] */
  function emit(name, detail) {
    for (const [event, listener] of listeners) {
      if (event !== name) continue;
      try {
        listener(detail);
      } catch (error) {
        // A fault of the page is reported as one, and stops nothing here.
        win.reportError(error);
      }
    }
  }

  /** @param {EventTarget} target @param {string} type @param {(event: any) => void} listener */
  function listen(target, type, listener) {
    target.addEventListener(type, listener);
    undo.push(() => target.removeEventListener(type, listener));
  }

  /** Draws it all anew. @param {import("./chat.js").Draft} [draft] */
  function draw(draft = {}) {
    if (!config || !conversation) return;
    chat?.keepDraft(draft);
    chat?.destroy();
    chat = createChat(win, config, conversation, conversation.getState, storage, locale, theme);
    chat.draw();
  }

  async function start() {
    config = await fetchConfig(win, base, id);
    if (!config) return destroy();
    if (!doc.body) await new Promise((done) => listen(doc, "DOMContentLoaded", done));
    if (destroyed) return;
    conversation = createConversation(win, base, id, config, storage, changed, told);
    draw();
    for (const type of ["online", "offline", "pageshow"]) listen(win, type, network);
    listen(doc, "visibilitychange", () => doc.hidden || network());
    listen(win, "storage", ({ key }) => {
      if (key === `${prefixOf(id)}token`) conversation?.followToken();
    });
    network();
    emit("ready");
    for (const run of queue.splice(0)) run();
    if (storage.tab.get("open") || options.open !== undefined) methods.open();
  }

  function network() {
    conversation?.setOffline(!win.navigator.onLine);
  }

  /** @param {State} state @param {State} before */
  function changed(state, before) {
    chat?.changed();
    if (state.open !== before.open) emit(state.open ? "open" : "close");
    if (state.unread !== before.unread) emit("unread", state.unread);
  }

  /** @param {Frame} frame */
  function told({ type, role, content, code, message }) {
    if (type === "message") emit(type, { role, content });
    if (type === "error") emit(type, { code, message });
  }

  function destroy() {
    destroyed = true;
    for (const step of undo.splice(0)) step();
    conversation?.destroy();
    chat?.destroy();
    conversation = chat = null;
    listeners.clear();
    onDestroy();
  }

  /** What has to wait until the widget stands. @type {{ [name: string]: (value?: any) => void }} */
  const methods = {
    open: () => conversation?.open(),
    close: () => conversation?.close(),
    toggle: () => methods[conversation?.getState().open ? "close" : "open"](),
    send: (text) => conversation?.send(`${text}`),
    prefill: (text) => draw({ text: `${text}` }),
    /** As if the visitor had typed it and sent it. @param {Contact} contact */
    identify({ name, email, phone }) {
      const contact = { name, email, phone };
      draw(contact);
      conversation?.submit(contact);
    },
    reset: () => conversation?.forget(),
    setLocale(next) {
      locale = detectLocale(win, next);
      draw();
    },
    setTheme(next) {
      theme = next;
      chat?.setTheme(next);
    },
  };

  start().catch(destroy);

  /** @type {{ [name: string]: (...args: any[]) => any }} */
  const api = {
    /** @param {string} name @param {Listener} listener @returns {() => void} takes it back */
    on(name, listener) {
      /** @type {[string, Listener]} */
      const entry = [name, listener];
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    off(name, listener) {
      for (const entry of listeners) {
        if (entry[0] === name && entry[1] === listener) listeners.delete(entry);
      }
    },
    destroy,
  };
  for (const name in methods) {
    api[name] = (value) => {
      const run = () => methods[name](value);
      if (conversation) run();
      else if (!destroyed) queue.push(run);
    };
  }
  return api;
}
