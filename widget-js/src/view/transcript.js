/** The message log, the streaming answer below it, and the scroll position. */

import { inOrder, transcriptLines } from "../conversation/messages.js";
import { isWithPeople } from "../conversation/state.js";
import { buttonOf, remove, set } from "./dom.js";
import { answerLine, visitorLine } from "./message.js";
import { createStreamingAnswer } from "./streaming-answer.js";

/** @import { State, View } from "../types.js" */
/** @import { AnswerActions } from "../more/answer-actions.js" */
/** @typedef {{ node: HTMLElement, acts?: boolean, actions?: AnswerActions, render?: (now: any, state: State, waits: boolean) => void }} Line */

/** Within this many pixels, the visitor is at the end. */
const NEAR = 60;
/** Pixels above a question at the top, for its time. */
const GAP = 18;

/**
 * @param {View} view
 * @param {HTMLElement[]} before elements above the log
 * @param {HTMLElement[]} after elements below it
 */
export function createTranscript(view, before, after) {
  const { h, strings, config, extras } = view;
  const log = h("div", "", {
    role: "log",
    "aria-relevant": "additions",
    "aria-label": strings.log,
  });
  // The newest answer's actions are outside the log, so that screen readers do not announce them.
  const tail = h("div");
  const streaming = createStreamingAnswer(view, follow);
  // Lets a question go to the top although little follows it yet.
  const room = h("div");
  const pill = buttonOf(h, "pill", strings.newer, () => {
    toEnd();
    scroller.focus();
  });
  const scroller = h(
    "div",
    "scroller",
    {
      ...{ tabindex: 0, role: "group", part: "transcript" },
      ...{ "aria-label": strings.log, onscroll: scrolled },
    },
    ...before,
    log,
    tail,
    ...after,
    room,
  );
  log.append(streaming.node);
  /** @type {Map<string, Line>} */
  const lines = new Map();
  let replays = -1;
  let waiting = 0;
  /** The latest question: nothing scrolls past it. @type {HTMLElement | null} */
  let anchor = null;
  /** The question that was sent here last, and goes to the top. @type {HTMLElement | null} */
  let pin = null;
  /** The question of the latest turn. @type {string | undefined} */
  let asked;
  /** The height of `room`. */
  let space = 0;
  /** The visitor has not scrolled away. */
  let follows = true;
  /** Where this module scrolled to last. */
  let own = 0;

  const topOf = (/** @type {HTMLElement} */ node) =>
    node.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop;
  const rest = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;

  /** @param {number} top */
  function moveTo(top) {
    scroller.scrollTop = top;
    own = scroller.scrollTop;
  }
  function toEnd() {
    anchor = pin = null;
    follows = true;
    follow();
  }
  /** The transcript has grown: show more of it, up to where the latest question is at the top. */
  function follow() {
    space = pin ? Math.max(0, topOf(pin) - GAP + scroller.clientHeight - topOf(room)) : 0;
    room.style.setProperty("height", `${space}px`);
    const end = scroller.scrollHeight - scroller.clientHeight;
    const target = anchor ? Math.min(end, topOf(anchor) - GAP) : end;
    if (follows && target > scroller.scrollTop) moveTo(target);
    pill.hidden = rest() - space < NEAR;
  }
  function scrolled() {
    if (Math.abs(scroller.scrollTop - own) > 2) follows = rest() < NEAR;
    if (rest() - space < NEAR) pill.hidden = true;
  }

  /** @param {any} item */
  function lineFor(item) {
    /** @type {Line} */
    const line =
      item.cid || item.role === "user" ? visitorLine(view, item) : answerLine(view, item);
    // A message from the history without an answer may have lost it.
    const lost = item.role === "user" && !item.type;
    const answers = item.role === "assistant" && item.kind !== "notice";
    line.acts = !!item.ref || (!!item.id && (answers || lost));
    return line;
  }

  /** @param {Line} line @param {any} item @param {State} state @param {boolean} newest */
  function renderActions(line, item, state, newest) {
    if (!line.acts) return;
    extras.need();
    line.actions ??= extras.now()?.createAnswerActions(view, item);
    const { node, actions } = line;
    if (!actions) return;
    const place = newest ? tail : item.role === "assistant" ? node : null;
    if (!place) remove(actions.node);
    else if (actions.node.parentNode !== place) place.appendChild(actions.node);
    actions.render(item, state, newest);
  }

  /** Return whether this answer is being regenerated. @param {any} item @param {State} state */
  const isRegenerating = ({ id, ref, role }, { regenerating }) =>
    role !== "user" && !!regenerating && (id === regenerating || ref === regenerating);

  /** Announce new messages, but neither replayed messages nor moved ones.
   * @param {any[]} all @param {State} state */
  function isQuiet(all, state) {
    if (replays !== state.replays) return true;
    let moves = false;
    for (const item of all) {
      const line = lines.get(item.key ?? item.cid);
      if (!line && !item.cid && item.role !== "user") return false;
      moves ||= !!line?.actions && tail.contains(line.actions.node) && item !== all.at(-1);
      moves ||= !!line?.node.hidden && !isRegenerating(item, state);
    }
    return moves;
  }

  /** @param {State} state */
  function render(state) {
    const all = transcriptLines(config, state);
    set(log, "aria-live", isQuiet(all, state) ? "off" : "polite");
    replays = state.replays;
    const keys = new Set(all.map(({ key, cid }) => key ?? cid));
    for (const [key, { node, actions }] of lines) {
      if (keys.has(key)) continue;
      remove(node);
      remove(actions?.node);
      lines.delete(key);
    }
    let place = log.firstElementChild;
    let added = false;
    const { first, later } = inOrder(all, state.turn);
    for (const item of [...first, null, ...later]) {
      if (!item) {
        if (streaming.node === place) place = place.nextElementSibling;
        else log.insertBefore(streaming.node, place);
        continue;
      }
      const key = item.key ?? item.cid;
      let line = lines.get(key);
      if (!line) {
        line = lineFor(item);
        lines.set(key, line);
        added = true;
        if ((item.cid || item.role === "user") && !later.includes(item)) anchor = line.node;
      }
      line.node.classList.toggle("queued", later.includes(item));
      if (line.node === place) place = place.nextElementSibling;
      else log.insertBefore(line.node, place);
      line.node.hidden = isRegenerating(item, state);
      line.render?.(item, state, later.includes(item));
      renderActions(line, item, state, item === all.at(-1));
    }
    tail.hidden = !!(state.turn || state.regenerating);
    streaming.render(state);
    const sends = state.outbox.length > waiting;
    waiting = state.outbox.length;
    // Before the first message, keep the greeting in view.
    if (!state.messages.length && !waiting) {
      anchor = pin = null;
      pill.hidden = true;
    } else {
      if (sends) follows = true;
      if (sends && !state.turn) pin = anchor;
      // A question that waited below an answer is next: its answer's start stays in view, too.
      const turned = state.turn && state.turn.asked !== asked;
      if (turned) asked = state.turn?.asked;
      const next = turned && lines.get(asked ?? "")?.node;
      const depth = next ? topOf(next) - scroller.scrollTop : -1;
      if (next && depth >= 0 && depth < scroller.clientHeight) anchor = next;
      // People write short lines, and don't answer at once: their newest is in sight.
      if (isWithPeople(state)) {
        anchor = pin = null;
      }
      // A waiting question is at the end, below the answer that is being written.
      if (sends && state.turn && rest() > space)
        moveTo(scroller.scrollHeight - space - scroller.clientHeight);
      if (added || next) follow();
    }
  }

  pill.hidden = true;
  return {
    ...{ scroller, pill, render, follow, cancel: streaming.cancel },
    /** @param {string} key */
    nodeOf: (key) => lines.get(key)?.node,
    /** Return a line that is not in the transcript. @param {any} message */
    lineOf: (message) => lineFor(message).node,
  };
}
