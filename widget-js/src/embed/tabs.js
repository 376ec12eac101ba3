/**
 * What the live tabs of a site share: whether the panel is open, and how much is unread.
 * Told through the storage, whose events reach every other tab and leave nothing behind.
 */

import { readOutbox, sendable } from "../conversation/outbox.js";
import { prefixOf } from "./storage.js";

/** @import { WidgetContext } from "../types.js" */

/**
 * @param {WidgetContext} context
 * @param {ReturnType<typeof import("./chat-loader.js").createChatLoader>} chatLoader
 */
export function createTabs(context, chatLoader) {
  const { win, doc, id, storage, options, launcher, emit } = context;
  const prefix = prefixOf(id);
  let silent = false;
  /** Opened elsewhere while nobody looked at this tab. */
  let followWhenVisible = false;

  /** @param {string} name @param {string} value */
  function broadcast(name, value) {
    storage.local.set(name, value);
    storage.local.set(name, null);
  }

  /** What only concerns this tab. @param {() => void} run */
  function silently(run) {
    silent = true;
    try {
      run();
    } finally {
      silent = false;
    }
  }

  /** Without the focus, and without telling the others. */
  const openHere = () => chatLoader.open((runtime) => silently(() => runtime.open(false)));

  /** @param {boolean} open */
  function follow(open) {
    followWhenVisible = open && doc.hidden;
    if (followWhenVisible) return;
    if (open) openHere();
    else silently(chatLoader.close);
  }

  function showUnread() {
    const count = Number(storage.local.get("unread")) || 0;
    launcher.render(false, count);
    return count;
  }

  /** @param {StorageEvent} event */
  function onStorage({ key, newValue }) {
    // No key: the page has emptied its storage, the token with it.
    const name = key === null ? "token" : key.startsWith(prefix) ? key.slice(prefix.length) : "";
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
    /** The visitor did it, or the page did while the visitor acted: so in all tabs. */
    openAll: () => chatLoader.open((runtime) => runtime.open(true)),
    /** @param {boolean} open */
    onToggle(open) {
      emit(open ? "open" : "close");
      storage.tab.set("open", open ? "1" : options.open ? "0" : null);
      if (silent) return;
      broadcast("panel", open ? "open" : "close");
    },
    /** As this tab was on the page before. A tag that opens the chat does so until it is closed.
     * What was typed there and never arrived goes out in any case, and an answer that was still to
     * come is counted. */
    restore() {
      const was = storage.tab.get("open");
      if (was ? was === "1" : options.open) openHere();
      else if (storage.local.get("due") || sendable(readOutbox(storage.local)).length)
        chatLoader.deliver();
    },
    /** Nothing of this visitor stays. */
    forget() {
      for (const name of ["token", "agreed", "outbox", "due", "unread", "read", "heard"])
        storage.local.set(name, null);
      storage.tab.set("draft", null);
      broadcast("reset", "1");
      if (!chatLoader.runtime()) showUnread();
    },
    destroy() {
      win.removeEventListener("storage", onStorage);
      doc.removeEventListener("visibilitychange", onVisible);
    },
  };
}
