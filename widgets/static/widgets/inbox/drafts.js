"use strict";
// The draft of a reply, on the server: written one after the other, so that no write overtakes another.

const inboxDrafts = (() => {
  const PAUSE = 500;
  const KEPT = "loquent.typed";
  let now = {};
  let text = "";
  let saved = "";
  let timer = 0;
  let chain = Promise.resolve();

  /** What is typed and not on the server, per box: it survives a reload, and a login, of this tab.
   * "" if the server has a draft that was sent or deleted since; null for nothing. */
  function keep(kind, id, content) {
    try {
      if (content === null) sessionStorage.removeItem(`${KEPT}.${kind}.${id}`);
      else sessionStorage.setItem(`${KEPT}.${kind}.${id}`, content);
    } catch {
      // Without storage there is still the server.
    }
  }

  function put({ id, organization }, content) {
    chain = chain.then(async () => {
      try {
        await inboxRequests.send("PUT", `sessions/${id}/draft/`, { content }, organization, { keepalive: true });
        if (now.id !== id || text === content) keep("reply", id, null);
      } catch {
        // The next write has the text again; until then it is in the box.
        if (now.id === id) saved = undefined;
      }
    });
  }

  /** Writes what is typed, if the server does not have it. */
  function save() {
    clearTimeout(timer);
    timer = 0;
    if (!now.id || !now.member || text === saved) return;
    saved = text;
    put(now, text);
  }

  return {
    save,
    keep,
    /** What this tab has kept for a box; null if there is nothing. */
    kept(kind, id) {
      try {
        return sessionStorage.getItem(`${KEPT}.${kind}.${id}`);
      } catch {
        return null;
      }
    },
    /** Resolves when nothing is being written: what is sent now, the server gets after it. */
    written: () => chain,
    /** A conversation was opened: what its box shows, and what the server has. */
    opened(facts, shown, kept) {
      now = facts;
      text = shown;
      saved = kept;
      save();
    },
    typed(facts, value) {
      now = facts;
      text = value;
      keep("reply", facts.id, value || saved !== "" ? value : null);
      clearTimeout(timer);
      timer = setTimeout(save, PAUSE);
    },
    /** The server has deleted the draft: write it again, if there is one by now. */
    lost(facts, value) {
      now = facts;
      text = value;
      saved = "";
      if (!value) keep("reply", facts.id, null);
      save();
    },
    start() {
      document.addEventListener("visibilitychange", () => {
        if (document.hidden) save();
      });
      addEventListener("pagehide", save);
      addEventListener("online", save);
    },
  };
})();
