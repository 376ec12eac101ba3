/**
 * "Did this help?": puts the question and words to the thumbs of the newest answer, once per
 * conversation: after the visitor's thanks or goodbye, or when the chat has been quiet for a while.
 */

import english from "../i18n/more-english.js";
import { remove, set } from "../view/dom.js";

/** @import { Message, State, View } from "../types.js" */

const QUIET = 600_000;
/** A longer message says something else as well. */
const MOST_WORDS = 6;
const UNSPACED = /[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]/;

/** Return whether the message only says thanks or goodbye. @param {string} text @param {string} words separated by | */
export function isClosing(text, words) {
  const plain = text
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, " ")
    .trim();
  if (/[?？؟]/.test(text) || plain.split(" ").length > MOST_WORDS || plain.length > 60)
    return false;
  return words
    .split("|")
    .some((word) => ` ${plain}`.includes(UNSPACED.test(word) ? word : ` ${word}`));
}

/** Return the newest answer if it may be asked about. @param {State} state */
function askable({ messages, outbox, turn, regenerating, pendingRatings }) {
  const last = /** @type {(Message & { kind?: string }) | undefined} */ (messages.at(-1));
  const isRated = pendingRatings.length > 0 || messages.some(({ feedback }) => feedback);
  // Answers of an earlier page have had their chance.
  const isAnswer = last?.type && last.id && last.role === "assistant" && last.status === "complete";
  const isOfAgent = last?.kind !== "notice" && !last?.author && !last?.action;
  return isAnswer && isOfAgent && !isRated && !turn && !regenerating && !outbox.length
    ? last
    : null;
}

/** @param {View} view @param {{ scroller: HTMLElement, redraw(): void }} around */
export function createHelped({ h, win, strings }, { scroller, redraw }) {
  const question = h("p", "ask", { id: "helped" }, strings.helped);
  let timer = 0;
  /** The answer that the timer runs for. */
  let watched = "";
  /** The answer that is asked about. */
  let asked = "";
  /** The conversation that has been asked. @type {string | null} */
  let done = null;
  /** @type {Element | null} */
  let shown = null;

  /** @param {State} state @param {string} key */
  function ask({ token }, key) {
    asked = key;
    done = token;
  }

  /** @param {Element | null} tools the actions of the newest answer, null to ask nothing */
  function show(tools) {
    if (tools === shown) return;
    for (const [node, on] of /** @type {const} */ ([
      [shown, false],
      [tools, true],
    ])) {
      node?.classList.toggle("asks", on);
      for (const thumb of node?.querySelectorAll("[aria-pressed]") ?? [])
        set(thumb, "aria-describedby", on && question.id);
    }
    remove(question);
    tools?.prepend(question);
    shown = tools;
  }

  return {
    /** @param {State} state */
    render(state) {
      const answer = askable(state);
      const key = answer?.key ?? "";
      if (key !== watched) {
        win.clearTimeout(timer);
        watched = key;
        const said = state.messages.findLast(({ role }) => role === "user")?.content ?? "";
        if (answer && done !== state.token) {
          if (isClosing(said, `${strings.closing}|${english.closing}`)) ask(state, key);
          else if (answer.outcome !== "no_answer")
            timer = win.setTimeout(() => {
              ask(state, key);
              redraw();
            }, QUIET);
        }
      }
      const asks = !!key && key === asked;
      show(asks ? scroller.querySelectorAll(":scope > div > .tools")[0] : null);
    },
    destroy: () => win.clearTimeout(timer),
  };
}
