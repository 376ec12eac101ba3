/** The streaming answer: its text revealed frame by frame. */

import { renderMarkdown } from "../markdown.js";
import { frameLoop, set } from "./dom.js";
import { bubbleOf } from "./message.js";

/** @import { State, View } from "../types.js" */

/** Reveal the pending text within about this many frames. */
const FRAMES = 8;

/** Move a cut that would split a surrogate pair. @param {string} text @param {number} at */
export const cutAt = (text, at) => (/[\ud800-\udbff]/.test(text[at - 1]) ? at + 1 : at);

/** @param {View} view @param {() => void} onGrow */
export function createStreamingAnswer({ h, win, strings }, onGrow) {
  const body = bubbleOf(h, "assistant");
  const dots = h("div", "dots", { "aria-hidden": "true" }, h("i"), h("i"), h("i"));
  // In the log, between the question and those that wait; but not announced while it grows.
  const props = { part: "message message-assistant", "aria-live": "off" };
  const node = h("div", "line growing", props, body, dots);
  let text = "";
  let shown = 0;
  const loop = frameLoop(win, reveal);

  function reveal() {
    const still = win.matchMedia("(prefers-reduced-motion: reduce)").matches;
    shown = cutAt(text, shown + Math.ceil((text.length - shown) / (still ? 1 : FRAMES)));
    renderMarkdown(body, text.slice(0, shown), strings.copy, true);
    if (shown < text.length) loop.request();
    onGrow();
  }

  return {
    node,
    cancel: loop.cancel,
    /** @param {State} state */
    render({ turn, regenerating }) {
      const next = turn?.done ? "" : (turn?.text ?? "");
      const grows = turn ? !turn.done : !!regenerating;
      if (!next.startsWith(text)) shown = 0;
      text = next;
      // The log contains the answer now: do not show it twice.
      if (!text) body.replaceChildren();
      node.hidden = !grows;
      body.hidden = !text;
      dots.hidden = !!text;
      set(node, "aria-busy", grows && "true");
      if (shown < text.length) loop.request();
    },
  };
}
