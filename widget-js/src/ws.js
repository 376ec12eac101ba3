/** The socket driver: opens, keeps alive and reopens one WebSocket. Independent of the chat's state. */

import { frames, parseFrame, V2 } from "./conversation/protocol.js";
import { afterClose } from "./conversation/reconnect.js";

/** @import { Frame, Link, Win } from "./types.js" */

const HANDSHAKE = 15_000;
const PING_EVERY = 25_000;
const PONG_WITHIN = 10_000;
const ASK_WHY_AFTER = 3;

/**
 * @typedef {{
 *   connect(): void, wake(): void, touch(): void, restart(): void, close(): void,
 *   send(frame: object): boolean,
 * }} Driver
 *
 * @typedef {{
 *   url(): string, protocols(): string[], onFrame(frame: Frame): void,
 *   onLink(link: Link, reason: string, v2: boolean): void,
 *   why(error?: unknown): Promise<string>,
 *   toJson(value: any): string,
 * }} Callbacks `url` and `protocols`: called for each attempt. `why`: ask the server why handshakes
 *   fail, or report what `WebSocket` threw; resolves with a reason to stop, or "".
 *
 * @param {Win} win
 * @param {Callbacks} callbacks
 * @returns {Driver}
 */
export function createDriver(win, { url, protocols, onFrame, onLink, why, toJson }) {
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {Link} */
  let link = "idle";
  let attempt = 0;
  let neverOpened = 0;
  let firm = false;
  let v2 = false;
  /** @type {number | null} */
  let retryAfter = null;
  let timer = 0;
  let pongTimer = 0;

  /** @param {Link} next @param {string} [reason] */
  function enter(next, reason = "") {
    link = next;
    onLink(next, reason, v2);
  }

  /** @param {() => void} run @param {number} ms */
  function later(run, ms) {
    win.clearTimeout(timer);
    timer = win.setTimeout(run, ms);
  }

  function drop() {
    win.clearTimeout(timer);
    win.clearTimeout(pongTimer);
    pongTimer = 0;
    if (!socket) return;
    const old = socket;
    socket = null;
    old.onopen = old.onmessage = old.onclose = null;
    old.close();
  }

  /** @param {number} within */
  function ping(within) {
    if (!v2 || !send(frames.ping())) return;
    win.clearTimeout(pongTimer);
    pongTimer = win.setTimeout(() => closed(1006), within);
    later(() => ping(PONG_WITHIN), PING_EVERY);
  }

  function connect() {
    if (socket || link === "stopped") return;
    win.clearTimeout(timer);
    retryAfter = null;
    firm = v2 = false;
    enter("connecting");
    let opened = false;
    try {
      socket = new win.WebSocket(url(), protocols());
    } catch (error) {
      why(error);
      return stop("gone");
    }
    const mine = socket;
    later(() => failed(), HANDSHAKE);
    mine.onopen = () => {
      opened = true;
      neverOpened = 0;
      v2 = mine.protocol === V2;
      enter("open");
      later(() => ping(PONG_WITHIN), PING_EVERY);
    };
    mine.onmessage = ({ data }) => {
      const frame = parseFrame(data);
      // Any data from the server shows that the connection is alive.
      win.clearTimeout(pongTimer);
      if (!frame) return;
      if (frame.type === "session") attempt = 0;
      if (frame.type === "error") retryAfter = frame.retry_after ?? null;
      if (frame.type !== "pong") onFrame(frame);
    };
    mine.onclose = ({ code }) => (opened ? closed(code) : failed());
  }

  function failed() {
    closed(1006);
    if (++neverOpened % ASK_WHY_AFTER) return;
    why().then((reason) => {
      if (reason && link !== "idle" && link !== "open") stop(reason);
    });
  }

  /** @param {number} code */
  function closed(code) {
    drop();
    const next = afterClose(code, attempt++, win.Math.random(), retryAfter);
    if ("stop" in next) return stop(next.stop);
    if ("sleep" in next) return enter("asleep");
    firm = !!next.firm;
    enter("waiting");
    later(connect, next.wait);
  }

  /** @param {string} reason */
  function stop(reason) {
    drop();
    enter("stopped", reason);
  }

  /** @param {object} frame */
  function send(frame) {
    if (socket?.readyState !== 1) return false;
    socket.send(toJson(frame));
    return true;
  }

  return {
    send,
    connect,
    /** The network or the page is back: reconnect now, or check the existing socket. */
    wake() {
      if (link === "waiting" && !firm) connect();
      else if (link === "open") ping(PONG_WITHIN / 2);
    },
    /** The visitor is active: reconnect if asleep. */
    touch() {
      if (link === "asleep") connect();
    },
    restart() {
      if (link === "idle" || link === "stopped") return;
      drop();
      connect();
    },
    close() {
      drop();
      enter("idle");
    },
  };
}
