/** The copy buttons of code blocks: one listener for all of them. */

import { setText } from "./dom.js";

/** @import { View } from "../types.js" */

const SHOWN = 2000;

/** @param {View} view @param {HTMLElement} area */
export function copyOnClick({ win, words }, area) {
  area.addEventListener("click", ({ target }) => {
    const button = /** @type {HTMLElement} */ (target);
    if (button.className !== "copy") return;
    const code = button.closest("figure")?.querySelector("code")?.textContent ?? "";
    // Absent where the page is not served securely.
    win.navigator.clipboard?.writeText(code).then(
      () => {
        setText(button, words.copied);
        win.setTimeout(() => setText(button, words.copy), SHOWN);
      },
      () => {},
    );
  });
}
