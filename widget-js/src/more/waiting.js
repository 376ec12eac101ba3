/** What to say while an answer has no text yet. */

/** @import { Turn, View } from "../types.js" */

/** @param {Turn | null} turn @returns {string} "" if nothing is waited for */
const keyOf = (turn) => (turn && !turn.done && !turn.text ? (turn.id ?? "base") : "");

/** @param {View} view @param {() => void} onChange */
export function createWaiting({ win, strings }, onChange) {
  /** Seconds after which a text is shown. @type {[number, string][]} */
  const steps = [
    [1, strings.working],
    [4, strings.looking],
    [12, strings.slow],
  ];
  /** @type {number[]} */
  let timers = [];
  let text = "";
  let shown = "";

  function clear() {
    timers.forEach(win.clearTimeout);
    timers = [];
    text = "";
  }

  return {
    /** @param {Turn | null} turn */
    text: (turn) => (keyOf(turn) === shown ? text : ""),
    clear,
    /** @param {Turn | null} turn */
    render(turn) {
      const now = keyOf(turn);
      if (now === shown) return;
      shown = now;
      clear();
      if (now)
        timers = steps.map(([seconds, step]) =>
          win.setTimeout(() => {
            text = step;
            onChange();
          }, seconds * 1000),
        );
    },
  };
}
