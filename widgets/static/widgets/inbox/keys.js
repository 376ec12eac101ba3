"use strict";
// The keys of the inbox. Single keys work outside of text fields, and can be switched off.

const inboxKeys = (() => {
  const OFF = "loquent.keys";
  const dialog = document.querySelector(".lq-keys");
  const isOn = () => localStorage.getItem(OFF) !== "off";

  function start(actions) {
    const box = dialog.querySelector("[type='checkbox']");
    box.checked = isOn();
    box.addEventListener("change", () => localStorage.setItem(OFF, box.checked ? "on" : "off"));
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

  return { start };
})();
