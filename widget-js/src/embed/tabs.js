/**
 * What the live tabs of a site share: whether the panel is open, and how much is unread.
 * Told through the storage, whose events reach every other tab and leave nothing behind.
 */

import { readOutbox, sendable } from "../conversation/outbox.js";
import { prefixOf } from "./storage.js";

/** @import { Shell } from "../types.js" */

/**
 * @param {Shell} shell
 * @param {ReturnType<typeof import("./chat-loader.js").createOpener>} opener
 */
export function createTabs(shell, opener) {
  const { win, doc, id, storage, options, launcher, emit } = shell;
  const prefix = prefixOf(id);
  let quiet = false;
  /** Opened elsewhere while nobody looked at this tab. */
  let behind = false;

  /** @param {string} name @param {string} value */
  function tell(name, value) {
    storage.local.set(name, value);
    storage.local.set(name, null);
  }

  /** What only concerns this tab. @param {() => void} run */
  function quietly(run) {
    quiet = true;
    try {
      run();
    } finally {
      quiet = false;
    }
  }

  /** Without the focus, and without telling the others. */
  const openHere = () => opener.open((room) => quietly(() => room.open(false)));

  /** @param {boolean} open */
  function follow(open) {
    behind = open && doc.hidden;
    if (behind) return;
    if (open) openHere();
    else quietly(opener.close);
  }

  function showUnread() {
    const count = Number(storage.local.get("unread")) || 0;
    launcher.render(false, count);
    return count;
  }

  /** @param {StorageEvent} event */
  function heard({ key, newValue }) {
    // No key: the page has emptied its storage, the token with it.
    const name = key === null ? "token" : key.startsWith(prefix) ? key.slice(prefix.length) : "";
    if (name === "panel" && newValue) follow(newValue === "open");
    else if (name === "reset" && newValue) {
      storage.tab.set("draft", null);
      opener.room()?.reset(true);
    } else if (opener.room()) opener.room()?.heard(name);
    else if (name === "unread") emit("unread", showUnread());
  }

  function seen() {
    if (behind) follow(true);
  }

  win.addEventListener("storage", heard);
  doc.addEventListener("visibilitychange", seen);
  showUnread();

  return {
    openHere,
    /** The visitor did it, or the page did while the visitor acted: so in all tabs. */
    openAll: () => opener.open((room) => room.open(true)),
    /** @param {boolean} open */
    turned(open) {
      emit(open ? "open" : "close");
      storage.tab.set("open", open ? "1" : options.open ? "0" : null);
      if (quiet) return;
      tell("panel", open ? "open" : "close");
    },
    /** As this tab was on the page before. A tag that opens the chat does so until it is closed.
     * What was typed there and never arrived goes out in any case, and an answer that was still to
     * come is counted. */
    restore() {
      const was = storage.tab.get("open");
      if (was ? was === "1" : options.open) openHere();
      else if (storage.local.get("due") || sendable(readOutbox(storage.local)).length)
        opener.deliver();
    },
    /** Nothing of this visitor stays. */
    forget() {
      for (const name of ["token", "agreed", "outbox", "due", "unread", "read", "heard"])
        storage.local.set(name, null);
      storage.tab.set("draft", null);
      tell("reset", "1");
      if (!opener.room()) showUnread();
    },
    destroy() {
      win.removeEventListener("storage", heard);
      doc.removeEventListener("visibilitychange", seen);
    },
  };
}
