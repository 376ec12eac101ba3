/**
 * The third file: what opening, the first answer and markdown do without. It is loaded when a part
 * of it is first needed, and requested again until it arrives.
 */

/** @import { WidgetContext } from "../types.js" */
/** @typedef {typeof import("../more.js")} More */
/** @typedef {ReturnType<typeof createExtras>} Extras */

/** Milliseconds until the file is requested again. */
const RETRY = 5_000;

/** @param {WidgetContext} context @param {(more: More) => void} onArrival before anything uses it @param {() => void} onLoad */
export function createExtras({ win, base, chunks, shadowHost }, onArrival, onLoad) {
  /** @type {((more: More) => void)[]} */
  let waiting = [];
  /** @type {More | null} */
  let more = null;
  let loading = false;
  let destroyed = false;
  let timer = 0;

  /** @returns {More | null} null until the file is loaded */
  function now() {
    const found = more ?? chunks.get(base, "more");
    if (!found || more) return more;
    more = found;
    shadowHost.addStyles(found.styles);
    onArrival(found);
    return more;
  }

  function load() {
    loading = true;
    chunks.load(base, "more").then(
      () => {
        const found = now();
        if (destroyed || !found) return;
        for (const run of waiting.splice(0)) run(found);
        onLoad();
      },
      () => {
        if (!destroyed) timer = win.setTimeout(load, RETRY);
      },
    );
  }

  return {
    now,
    /** Load the file. @param {(more: More) => void} [run] called with it, at once if it is here */
    need(run) {
      const found = now();
      if (found) return run?.(found);
      if (run) waiting.push(run);
      if (!loading) load();
    },
    destroy() {
      destroyed = true;
      waiting = [];
      win.clearTimeout(timer);
    },
  };
}
