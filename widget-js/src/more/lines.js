/** What the third file adds to the lines of the transcript: names, times, keys, and choices. */

import { buttonOf, remove, set } from "../view/dom.js";
import { createStamps } from "./stamps.js";

/** @import { State, View } from "../types.js" */

/**
 * @param {View} view
 * @param {{
 *   scroller: HTMLElement, localeNow(): string, nodeOf(key: string): HTMLElement | undefined,
 *   send(text: string): void,
 * }} around
 */
export function createLines(view, { scroller, localeNow, nodeOf, send }) {
  const { h, strings } = view;
  const stamp = createStamps(view, localeNow);
  /** The messages whose lines have their names and times. @type {State["messages"] | null} */
  let stamped = null;
  const choices = h("div", "starters choices", {
    role: "group",
    "aria-label": strings.suggestions,
  });
  let offered = "";

  const linesNow = () =>
    /** @type {HTMLElement[]} */ ([...scroller.querySelectorAll("[role=log] > .line")]).filter(
      (each) => !each.hidden && each.tabIndex === -1 && each.hasAttribute("tabindex"),
    );

  /** The actions on older answers can be reached from their line only: each would be a tab stop. */
  function rove() {
    const { activeElement } = /** @type {ShadowRoot} */ (scroller.getRootNode());
    for (const line of linesNow()) {
      const isHere = line.contains(activeElement);
      for (const each of line.querySelectorAll(".tools :is(button, textarea)"))
        set(each, "tabindex", isHere ? null : -1);
    }
  }
  set(scroller, "onfocusin", rove);

  set(scroller, "onkeydown", (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const from = /** @type {HTMLElement} */ (event.composedPath()[0]);
    const all = linesNow();
    const at = all.indexOf(from);
    if (!step || (at < 0 && from !== scroller)) return;
    event.preventDefault();
    (at < 0 ? all.at(-1) : all[at + step])?.focus();
  });

  /** @param {State} state */
  function renderChoices({ messages, turn, outbox }) {
    const last = messages.at(-1);
    const found = turn || outbox.length ? [] : (last?.choices ?? []);
    const line = last && found.length ? nodeOf(last.key) : null;
    if (!line) remove(choices);
    else if (choices.parentNode !== line) line.append(choices);
    const key = JSON.stringify(found);
    if (key === offered) return;
    offered = key;
    choices.replaceChildren(
      ...found.map(({ title, message }) => {
        const button = buttonOf(h, "chip", title, () => send(message));
        set(button, "dir", "auto");
        return button;
      }),
    );
  }

  return {
    /** @param {State} state */
    render(state) {
      if (state.messages !== stamped)
        stamp(state.messages.map((message) => [nodeOf(message.key), message]));
      stamped = state.messages;
      renderChoices(state);
      rove();
    },
  };
}
