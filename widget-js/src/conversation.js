/** Holds the state of one chat and does what the state asks for: socket, storage, timers. */

import { apiOf, whyRefused } from "./config.js";
import { changed, without } from "./lines.js";
import { readOutbox, sendable, writeOutbox } from "./outbox.js";
import { frames, newMessageId, subprotocols } from "./protocol.js";
import { afterFrame, afterLink, afterSend, initialState, lastSeq, needsContact } from "./state.js";
import { createDriver } from "./ws.js";

/** @import { Actions, Frame, Shell, State } from "./types.js" */

const BUSY_WAIT = 5;

/**
 * @param {Shell} shell
 * @param {(state: State, before: State) => void} onChange
 * @param {(frame: Frame) => void} onFrame
 */
export function createConversation(shell, onChange, onFrame) {
  const { win, base, id, config } = shell;
  const { local, tab } = shell.storage;
  let state = initialState();
  /** @type {Set<number>} */
  const timers = new Set();

  const driver = createDriver(
    win,
    () => {
      const last = lastSeq(state);
      return `${apiOf(base, id).replace("http", "ws")}/ws${last ? `?last_seq=${last}` : ""}`;
    },
    () => subprotocols(local.get("token")),
    receive,
    (link, reason, v2) => update(afterLink(state, link, reason, v2)),
    () => whyRefused(win, base, id),
  );

  /** The only place that writes the state. @param {Partial<State>} change */
  function update(change) {
    const before = state;
    state = { ...state, ...change };
    if (state.outbox !== before.outbox) writeOutbox(local, before.outbox, state.outbox);
    onChange(state, before);
  }

  /** @param {() => void} run @param {number} seconds */
  function later(run, seconds) {
    const timer = win.setTimeout(() => {
      timers.delete(timer);
      run();
    }, seconds * 1000);
    timers.add(timer);
  }

  /** @param {Frame} frame */
  function receive(frame) {
    const { type, code, retry_after: wait, client_message_id: cid } = frame;
    update(afterFrame(state, frame));
    if (type === "session") {
      local.set("token", frame.session_token);
      if (state.contact) driver.send(frames.contactInfo(state.contact));
    }
    if (type === "error" && state.outbox.some((entry) => entry.cid === cid && entry.held)) {
      later(() => release(cid, {}), (code === "busy" ? BUSY_WAIT : wait) || 1);
    }
    pump();
    onFrame(frame);
  }

  /** @param {string} cid @param {object} change */
  function release(cid, change) {
    update({ outbox: changed(state.outbox, cid, { held: false, ...change }) });
    connect();
    pump();
  }

  /** Sends what may go out, in order. */
  function pump() {
    if (!state.ready || needsContact(config, state)) return;
    for (const { cid, content } of sendable(state.outbox)) {
      if (!driver.send(frames.message(content, cid))) return;
      update(afterSend(state, cid));
    }
  }

  function connect() {
    if (state.link !== "idle") return driver.touch();
    const known = new Set(state.outbox.map(({ cid }) => cid));
    const stored = readOutbox(local).filter(({ cid }) => !known.has(cid));
    update({ outbox: [...stored, ...state.outbox] });
    driver.connect();
  }

  function halt() {
    driver.close();
    timers.forEach(win.clearTimeout);
  }

  /** @type {Actions} */
  const actions = {
    open() {
      tab.set("open", "1");
      update({ open: true, unread: 0 });
      connect();
    },
    close() {
      tab.set("open", null);
      update({ open: false });
    },
    send(text) {
      const content = text.trim();
      if (!content) return false;
      update({ outbox: [...state.outbox, { cid: newMessageId(win.crypto), content }], alert: "" });
      connect();
      pump();
      return true;
    },
    retry: (cid) => release(cid, { tries: 0, failed: undefined }),
    edit(cid) {
      const entry = state.outbox.find((each) => each.cid === cid);
      update({ outbox: without(state.outbox, cid) });
      return entry?.content ?? "";
    },
    stop() {
      if (state.turn && driver.send(frames.stop()))
        update({ turn: { ...state.turn, stopping: true } });
    },
    rate(messageId, feedback) {
      if (!driver.send(frames.feedback(messageId, feedback))) return;
      update({
        messages: state.messages.map((each) =>
          each.id === messageId ? { ...each, feedback } : each,
        ),
      });
    },
    restart: () => void driver.send(frames.newConversation()),
    submit(contact) {
      update({ contact, contactError: "" });
      connect();
      if (state.ready) driver.send(frames.contactInfo(contact));
    },
    touch: driver.touch,
  };

  return {
    ...actions,
    getState: () => state,
    /** @param {boolean} offline */
    setOffline(offline) {
      update({ offline });
      if (!offline) driver.wake();
    },
    /** Another tab holds another session by now: follow it. */
    followToken() {
      later(() => {
        const token = local.get("token");
        if (state.ready && token && token !== state.token) driver.restart();
      }, 1);
    },
    /** Forgets this visitor, here and in storage. */
    forget() {
      const { open, offline } = state;
      halt();
      update({ ...initialState(), open, offline });
      local.set("token", null);
      if (open) connect();
    },
    destroy: halt,
  };
}
