/** The message log, the streaming answer below it, and the scroll position. */

import { transcriptLines } from "../conversation/messages.js";
import { buttonOf, remove, set } from "./dom.js";
import { answerLine, visitorLine } from "./message.js";
import { createStreamingAnswer } from "./streaming-answer.js";

/** @import { State, View } from "../types.js" */
/** @import { AnswerActions } from "./answer-actions.js" */
/** @typedef {{ node: HTMLElement, acts?: boolean, actions?: AnswerActions, render?: (now: any, state: State) => void }} Line */

/** Within this many pixels, the visitor is at the end. */
const NEAR = 60;

/**
 * @param {View} view
 * @param {(cid: string) => void} onEdit
 * @param {HTMLElement[]} before elements above the log
 * @param {HTMLElement[]} after elements below it
 */
export function createTranscript(view, onEdit, before, after) {
  const { h, strings, config, extras } = view;
  const older = h("p", "hint", {}, strings.older);
  const log = h("div", "", {
    role: "log",
    "aria-relevant": "additions",
    "aria-label": strings.log,
  });
  // The newest answer's actions are outside the log, so that screen readers do not announce them.
  const tail = h("div");
  const streaming = createStreamingAnswer(view, follow);
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
    older,
    log,
    tail,
    streaming.node,
    ...after,
  );
  /** @type {Map<string, Line>} */
  const lines = new Map();
  let atEnd = true;
  let replays = -1;
  let waiting = 0;

  function toEnd() {
    scroller.scrollTop = scroller.scrollHeight;
    scrolled();
  }
  function follow() {
    if (atEnd) toEnd();
    else pill.hidden = false;
  }
  function scrolled() {
    atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
    if (atEnd) pill.hidden = true;
  }

  /** @param {any} item */
  function lineFor(item) {
    /** @type {Line} */
    const line =
      item.cid || item.role === "user" ? visitorLine(view, item, onEdit) : answerLine(view, item);
    // A message from the history without an answer may have lost it.
    const lost = item.role === "user" && !item.type;
    line.acts = !!item.ref || (!!item.id && (item.role === "assistant" || lost));
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
    for (const item of all) {
      const key = item.key ?? item.cid;
      let line = lines.get(key);
      if (!line) {
        line = lineFor(item);
        lines.set(key, line);
        added = true;
      }
      if (line.node === place) place = place.nextElementSibling;
      else log.insertBefore(line.node, place);
      line.node.hidden = isRegenerating(item, state);
      line.render?.(item, state);
      renderActions(line, item, state, item === all.at(-1));
    }
    tail.hidden = !!(state.turn || state.regenerating);
    older.hidden = state.historyComplete;
    streaming.render(state);
    const sends = state.outbox.length > waiting;
    waiting = state.outbox.length;
    // Before the first message, keep the greeting in view.
    const begun = !!state.messages.length || waiting;
    if (!begun) pill.hidden = true;
    else if (sends || atEnd) toEnd();
    else if (added) pill.hidden = false;
  }

  pill.hidden = true;
  return {
    ...{ scroller, pill, render, toEnd, cancel: streaming.cancel },
    /** Move elements above the log. @param {HTMLElement[]} nodes */
    raise(...nodes) {
      if (older.previousElementSibling !== nodes.at(-1)) older.before(...nodes);
    },
  };
}
