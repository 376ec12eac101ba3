/** The message box. */

import { buttonOf, icon, set } from "./dom.js";

/** @import { State, View } from "../types.js" */

/** Longer texts are measured by the third file. */
const LONG = 3600;

/**
 * @param {View} view
 * @param {string} draft
 * @param {(text: string) => boolean} onSend
 * @param {(text: string) => void} onDraft
 */
export function createComposer({ h, doc, strings, extras }, draft, onSend, onDraft) {
  const field = h("textarea", "", {
    rows: 1,
    part: "textbox",
    "aria-label": strings.message,
    "aria-describedby": "count",
    placeholder: strings.placeholder,
    dir: "auto",
    enterkeyhint: "send",
    oninput: update,
    onkeydown: pressed,
  });
  const button = buttonOf(h, "send", strings.send, submit, icon(doc, "M12 19V5m-6 6 6-6 6 6"));
  const counter = h("p", "count", { id: "count", role: "status" });
  set(button, "part", "send");
  const node = h(
    "div",
    "composer",
    { part: "composer" },
    h("div", "field", {}, field, button),
    counter,
  );
  let over = false;

  function update() {
    if (field.value.length >= LONG || counter.firstChild)
      extras.need((more) => {
        over = more.measure(field, counter, strings);
      });
    button.disabled = over || field.disabled || !field.value.trim();
    field.style.setProperty("height", "auto");
    if (field.scrollHeight) field.style.setProperty("height", `${field.scrollHeight}px`);
    onDraft(field.value);
  }

  function submit() {
    if (button.disabled || !onSend(field.value)) return;
    put("");
    field.focus();
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    // 229: an input method is still composing.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229)
      return;
    event.preventDefault();
    submit();
  }

  /** @param {string} text */
  function put(text) {
    field.value = text;
    update();
  }

  field.value = draft;
  return {
    node,
    field,
    put,
    update,
    /** Put a text back, before what has been typed since. @param {string} text */
    restore(text) {
      put(field.value ? `${text}\n${field.value}` : text);
      field.focus();
    },
    /** @param {State} state @param {boolean} hidden */
    render({ link }, hidden) {
      node.hidden = hidden;
      field.disabled = link === "stopped";
      button.disabled = over || field.disabled || !field.value.trim();
    },
  };
}
