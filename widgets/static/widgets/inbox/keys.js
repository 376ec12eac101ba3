"use strict";
// The keys of the inbox. Single keys work outside of text fields, and can be switched off.

const inboxKeys = (() => {
  const SINGLE = "loquent.keys";
  const ENTER = "loquent.enter";
  const dialog = document.querySelector(".lq-keys:not(.lq-replies)");
  const isOn = () => localStorage.getItem(SINGLE) !== "off";
  const sendsByEnter = () => localStorage.getItem(ENTER) === "on";

  function bind(name, key, isChecked) {
    const box = dialog.querySelector(`[name='${name}']`);
    box.checked = isChecked;
    box.addEventListener("change", () => localStorage.setItem(key, box.checked ? "on" : "off"));
  }

  function start(actions) {
    bind("single", SINGLE, isOn());
    bind("enter", ENTER, sendsByEnter());
    document.querySelector(".lq-keys-button").addEventListener("click", () => dialog.showModal());
    document.addEventListener("keydown", (event) => {
      if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const inField = event.target.closest("input, textarea, select, [contenteditable], dialog");
      if (event.key === "Escape" && event.target.closest(".lq-compose, .lq-inbox-search")) {
        event.target.blur();
        actions.leave();
        return;
      }
      if (inField || !isOn()) return;
      if (event.key === "?") dialog.showModal();
      else if (event.key in actions.keys) actions.keys[event.key]();
      else return;
      event.preventDefault();
    });
  }

  /** Whether a key in a box sends what is in it. */
  function sends(event) {
    if (event.key !== "Enter" || event.isComposing || event.shiftKey || event.altKey) return false;
    return event.ctrlKey || event.metaKey || sendsByEnter();
  }

  return { start, sends };
})();
