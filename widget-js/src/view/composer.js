/** The message box. */

import { lengthOf, MAX_CHARS } from "../conversation/protocol.js";
import { buttonOf, icon, set, setText } from "./dom.js";

/** @import { State, View } from "../types.js" */

const WARN_FROM = 3600;

/**
 * @param {View} view
 * @param {string} draft
 * @param {(text: string) => boolean} onSend
 * @param {(text: string) => void} onDraft
 */
export function createComposer({ h, doc, strings }, draft, onSend, onDraft) {
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
    // The number of code points is at most the number of UTF-16 units: skip counting short texts.
    const length = field.value.length < WARN_FROM ? 0 : lengthOf(field.value);
    over = length > MAX_CHARS;
    setText(counter, length < WARN_FROM ? "" : strings.count.replace("{n}", `${length}`));
    set(counter, "class", over ? "count error" : "count");
    set(field, "aria-invalid", over && "true");
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
