"use strict";
// Copy buttons of the admin: `data-copy` names the field to copy.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    const status = document.querySelector(".lq-copied");
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      status.textContent = "Copied.";
    } catch {
      status.textContent = "Press Ctrl+C (or ⌘C) to copy what is selected.";
    }
  });
}
