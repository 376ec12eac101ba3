/** The log of messages, the growing answer below it, and where the visitor looks. */

import { buttonOf, set } from "./dom.js";
import { createGrowing } from "./growing.js";
import { answerLine, visitorLine } from "./message.js";

/** @import { State, View } from "../types.js" */

/** So near to the end (px) counts as being there. */
const NEAR = 60;

/**
 * @param {View} view
 * @param {(cid: string) => void} onEdit
 * @param {HTMLElement[]} after what stands below the log
 */
export function createTranscript(view, onEdit, after) {
  const { h, words, config } = view;
  const older = h("p", "hint", {}, words.older);
  const log = h("div", "", { role: "log", "aria-relevant": "additions", "aria-label": words.log });
  const growing = createGrowing(view, follow);
  const pill = buttonOf(h, "pill", words.newer, toEnd);
  const scroller = h(
    "div",
    "scroller",
    { tabindex: 0, role: "group", "aria-label": words.log, onscroll: scrolled },
    older,
    log,
    growing.node,
    ...after,
  );
  /** @type {Map<string, { node: HTMLElement, render?: (now: any, state: State) => void }>} */
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
  }
  function scrolled() {
    atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
    if (atEnd) pill.hidden = true;
  }

  /** @param {State} state */
  function render(state) {
    // Old messages are not read aloud; what comes after them is.
    set(log, "aria-live", replays === state.replays ? "polite" : "off");
    replays = state.replays;
    /** @type {any[]} */
    const all = [
      ...(config.greeting
        ? [{ role: "assistant", content: config.greeting, status: "complete", sources: [] }]
        : []),
      ...state.messages,
      ...state.outbox,
    ];
    const keys = new Set(all.map(({ key, cid }) => key ?? cid));
    for (const [key, { node }] of lines) {
      if (keys.has(key)) continue;
      node.remove();
      lines.delete(key);
    }
    let place = log.firstElementChild;
    let added = false;
    for (const item of all) {
      const key = item.key ?? item.cid;
      let line = lines.get(key);
      if (!line) {
        line =
          item.cid || item.role === "user"
            ? visitorLine(view, item, onEdit)
            : answerLine(view, item);
        lines.set(key, line);
        added = true;
      }
      if (line.node === place) place = place.nextElementSibling;
      else log.insertBefore(line.node, place);
      line.render?.(item, state);
    }
    older.hidden = state.whole;
    growing.render(state);
    const sends = state.outbox.length > waiting;
    waiting = state.outbox.length;
    if (sends || atEnd) toEnd();
    else if (added) pill.hidden = false;
  }

  pill.hidden = true;
  return { scroller, pill, render, toEnd, cancel: growing.cancel };
}
