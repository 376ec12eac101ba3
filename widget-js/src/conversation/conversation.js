/** Holds the state of one chat, and runs its side effects: socket, storage, timers. */

import { apiOf, whyRefused } from "../embed/config.js";
import { createDriver } from "../ws.js";
import { updatePending } from "./messages.js";
import { readOutbox, sendable, writeOutbox } from "./outbox.js";
import { frames, newMessageId, subprotocols } from "./protocol.js";
import {
  afterFrame,
  afterLink,
  afterSend,
  initialState,
  lastSeq,
  needsConsent,
  needsContact,
  withUnread,
} from "./state.js";

/** @import { Actions, FirstActions, Frame, WidgetContext, State } from "../types.js" */
/** @import { Strings } from "../i18n/strings.js" */

const BUSY_WAIT = 5;
/** Frames after which an answer is due ("1"), or no longer due.
 * @type {{ [type: string]: string | null }} */
const DUE = { ack: "1", typing_start: "1", session: null, typing_stop: null };
/** Number of final characters that identify a token. */
const TAIL_CHARS = 8;

/**
 * @param {WidgetContext} context
 * @param {(state: State, before: State) => void} onChange
 * @param {(frame: Frame) => void} onFrame
 * @param {() => Strings} stringsNow
 */
export function createConversation(context, onChange, onFrame, stringsNow) {
  const { win, base, id, config, page, toJson } = context;
  const { local } = context.storage;
  const tokenTail = () => (local.get("token") ?? "").slice(-TAIL_CHARS);
  /** Return the highest seq that any tab has read in this session. */
  const readSoFar = () => {
    const [seq, of] = (local.get("read") ?? "").split(" ");
    return of === tokenTail() ? Number(seq) || 0 : 0;
  };
  const fresh = () => ({
    ...initialState(),
    agreed: local.get("agreed"),
    read: readSoFar(),
    unread: Number(local.get("unread")) || 0,
  });
  let state = fresh();
  /** The token of the current socket. @type {string | null} */
  let offered = null;
  /** @type {Set<number>} */
  const timers = new Set();

  const driver = createDriver(win, {
    toJson,
    url() {
      // A sequence number is only valid in its own session.
      const last = local.get("token") === state.token ? lastSeq(state) : 0;
      return `${apiOf(base, id).replace("http", "ws")}/ws${last ? `?last_seq=${last}` : ""}`;
    },
    protocols() {
      offered = local.get("token");
      return subprotocols(offered);
    },
    onFrame: receive,
    onLink: (link, reason, v2) => update(afterLink(state, link, reason, v2)),
    why: (error) => whyRefused(win, base, id, error),
  });

  /** The only place that writes the state. @param {Partial<State>} change */
  function update(change) {
    const before = state;
    state = withUnread({ ...state, ...change });
    const { outbox, read, unread } = state;
    if (outbox !== before.outbox) writeOutbox(local, before.outbox, outbox, toJson);
    if (read && read !== before.read) local.set("read", `${read} ${tokenTail()}`);
    if (unread !== before.unread) local.set("unread", unread ? `${unread}` : null);
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

  /** Translate error messages. @param {Frame} frame */
  function translated(frame) {
    // The form needs the original: it names the invalid fields.
    if (frame.type !== "error" || frame.code === "contact_info_invalid") return frame;
    return { ...frame, message: stringsNow().errors?.[frame.code] ?? frame.message };
  }

  /** @param {Frame} raw */
  function receive(raw) {
    const frame = translated(raw);
    const { type, code, retry_after: wait, client_message_id: cid } = frame;
    if (actions.peek?.(frame)) return;
    const mine = type === "ack" && state.outbox.find((entry) => entry.cid === cid);
    if (type === "session" && !state.ready) {
      const first = local.get("token");
      // Another tab has started a session since then: a visitor has one conversation.
      if (first && first !== offered && first !== frame.session_token) return driver.restart();
      loadOutbox();
    }
    update(afterFrame(state, frame));
    if (type in DUE) local.set("due", DUE[type]);
    if (type === "conversation") expectPerson(frame);
    if (type === "session") {
      local.set("token", frame.session_token);
      if (!frame.resumed) local.set("person", null);
      update({ read: readSoFar() });
      page.setSender(state.v2 ? driver.send : null);
      if (state.contact) driver.send(frames.contactInfo(state.contact));
    }
    if (type === "error" && state.outbox.some((entry) => entry.cid === cid && entry.held)) {
      later(() => resend(cid, {}), (code === "busy" ? BUSY_WAIT : wait) || 1);
    }
    flush();
    onFrame(mine ? { ...frame, type: "message", role: "user", content: mine.content } : frame);
  }

  /** Remember whether a person is expected: then the next pages connect by themselves. While the
   * agent goes on (out of hours), they still are. @param {any} talk */
  function expectPerson({ handler, status, can_ask_person: isFree }) {
    if (isFree || status === "resolved") local.set("person", null);
    else if (handler !== "agent") local.set("person", "1");
  }

  /** @param {string} cid @param {object} change */
  function resend(cid, change) {
    update({ outbox: updatePending(state.outbox, cid, { held: false, ...change }) });
    connect();
    flush();
  }

  /** Send everything that may be sent now, in order. */
  function flush() {
    if (!state.ready) return;
    for (const { id, rating, comment, sent } of state.pendingRatings) {
      if (!sent && driver.send(frames.feedback(id, rating, comment)))
        update({
          pendingRatings: state.pendingRatings.map((e) => (e.id === id ? { ...e, sent: true } : e)),
        });
    }
    if (needsContact(config, state) || needsConsent(state)) return;
    for (const { cid, content } of sendable(state.outbox)) {
      if (!driver.send(frames.message(content, cid))) return;
      update(afterSend(state, cid));
    }
  }

  /** Add stored messages that closed pages could not send. */
  function loadOutbox() {
    const known = new Set(state.outbox.map(({ cid }) => cid));
    const stored = readOutbox(local).filter(({ cid }) => !known.has(cid));
    update({ outbox: [...stored, ...state.outbox] });
  }

  function connect() {
    if (state.link !== "idle") return driver.touch();
    loadOutbox();
    driver.connect();
  }

  /** Apply the consent given in this tab or in another. */
  function followConsent() {
    update({ agreed: local.get("agreed") });
    flush();
  }

  function disconnect() {
    driver.close();
    timers.forEach(win.clearTimeout);
  }

  /** Forget this visitor. @param {boolean} [elsewhere] another tab did, and has cleared the storage */
  function forget(elsewhere) {
    const { open, offline, hidden } = state;
    disconnect();
    if (!elsewhere) for (const name of ["token", "agreed", "due", "person"]) local.set(name, null);
    update({ ...fresh(), open, offline, hidden, unread: 0 });
    if (open) connect();
  }

  /** @type {FirstActions} */
  const actions = {
    open() {
      update({ open: true });
      connect();
    },
    close() {
      update({ open: false });
    },
    send(text) {
      const content = text.trim();
      if (!content) return false;
      update({ outbox: [...state.outbox, { cid: newMessageId(win.crypto), content }], alert: "" });
      connect();
      flush();
      return true;
    },
    stop() {
      if (state.turn && driver.send(frames.stop()))
        update({ turn: { ...state.turn, stopping: true } });
    },
    agree() {
      local.set("agreed", state.notice?.text ?? null);
      followConsent();
    },
    submit(contact) {
      update({ contact, contactError: "" });
      driver.touch();
      if (state.ready) driver.send(frames.contactInfo(contact));
    },
    touch: driver.touch,
    transmit: driver.send,
  };

  return Object.assign(/** @type {Actions} */ (actions), {
    ...{ update, flush, resend },
    connect,
    getState: () => state,
    /** @param {boolean} offline */
    setOffline(offline) {
      update({ offline });
      if (!offline) driver.wake();
    },
    /** @param {boolean} hidden the page is not visible */
    setHidden: (hidden) => update({ hidden }),
    followConsent,
    followRead: () => update({ read: Math.max(state.read, readSoFar()) }),
    /** Another tab switched to another session, or forgot this one: do the same. */
    followToken() {
      later(() => {
        const token = local.get("token");
        if (!token && state.token) forget();
        else if (state.ready && token !== state.token) driver.restart();
      }, 1);
    },
    forget,
    destroy: disconnect,
  });
}
