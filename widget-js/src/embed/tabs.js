/**
 * Synchronize the open tabs of a site: whether the panel is open, and the unread count.
 * Tabs notify each other with storage events; the entries are removed immediately.
 */

import { readOutbox, sendable } from "../conversation/outbox.js";
import { prefixOf } from "./storage.js";

/** @import { WidgetContext } from "../types.js" */

/** Milliseconds until a page counts as idle in browsers that do not say so. */
const LATER = 2_000;

/**
 * @param {WidgetContext} context
 * @param {ReturnType<typeof import("./chat-loader.js").createChatLoader>} chatLoader
 */
export function createTabs(context, chatLoader) {
  const { win, doc, id, storage, options, launcher, emit } = context;
  const prefix = prefixOf(id);
  let silent = false;
  /** The panel was opened in another tab while this one was hidden. */
  let followWhenVisible = false;
  let idle = 0;
  let timer = 0;

  /** @param {string} name @param {string} value */
  function broadcast(name, value) {
    storage.local.set(name, value);
    storage.local.set(name, null);
  }

  /** Run without notifying other tabs. @param {() => void} run */
  function silently(run) {
    silent = true;
    try {
      run();
    } finally {
      silent = false;
    }
  }

  /** Open without focus, and only in this tab. */
  const openHere = () => chatLoader.open((runtime) => silently(() => runtime.open(false)));

  /** @param {boolean} open */
  function follow(open) {
    followWhenVisible = open && doc.hidden;
    if (followWhenVisible) return;
    if (open) openHere();
    else silently(chatLoader.close);
  }

  /** Run when the page is at rest; Safari doesn't say when. @param {() => void} run */
  function idly(run) {
    if (win.requestIdleCallback) idle = win.requestIdleCallback(run);
    else timer = win.setTimeout(run, LATER);
  }

  function showUnread() {
    const count = Number(storage.local.get("unread")) || 0;
    launcher.render(false, count);
    return count;
  }

  /** @param {StorageEvent} event */
  function onStorage({ key, newValue }) {
    // No key: the page cleared its storage, including the token.
    const name = key === null ? "token" : key?.startsWith(prefix) ? key.slice(prefix.length) : "";
    if (name === "panel" && newValue) follow(newValue === "open");
    else if (name === "reset" && newValue) {
      storage.tab.set("draft", null);
      chatLoader.runtime()?.reset(true);
    } else if (chatLoader.runtime()) chatLoader.runtime()?.onStorage(name);
    else if (name === "unread") emit("unread", showUnread());
  }

  function onVisible() {
    if (followWhenVisible) follow(true);
  }

  win.addEventListener("storage", onStorage);
  doc.addEventListener("visibilitychange", onVisible);
  showUnread();

  return {
    openHere,
    /** Open in all tabs: the visitor asked for it, directly or through the page. */
    openAll: () => chatLoader.open((runtime) => runtime.open(true)),
    /** @param {boolean} open */
    onToggle(open) {
      emit(open ? "open" : "close");
      storage.tab.set("open", open ? "1" : options.open ? "0" : null);
      if (silent) return;
      broadcast("panel", open ? "open" : "close");
    },
    /** Restore the panel as it was on the previous page; data-open applies until it is closed.
     * If it stays closed, connect if messages of the previous page are unsent, an answer is due,
     * or a person is expected. */
    restore() {
      const was = storage.tab.get("open");
      if (was ? was === "1" : options.open) openHere();
      else if (storage.local.get("due") || sendable(readOutbox(storage.local)).length)
        chatLoader.deliver();
      // A person is expected: connect as well, but nobody waits for that.
      else if (storage.local.get("person")) idly(chatLoader.deliver);
    },
    /** Remove everything about this visitor from storage. */
    forget() {
      const kept = "token agreed outbox due person unread read heard earlier teased";
      for (const name of kept.split(" ")) storage.local.set(name, null);
      storage.tab.set("draft", null);
      broadcast("reset", "1");
      if (!chatLoader.runtime()) showUnread();
    },
    destroy() {
      if (idle) win.cancelIdleCallback(idle);
      win.clearTimeout(timer);
      win.removeEventListener("storage", onStorage);
      doc.removeEventListener("visibilitychange", onVisible);
    },
  };
}
