/** Copy to the clipboard. */

import { remove, setText } from "../view/dom.js";

/** @import { View } from "../types.js" */

const SHOWN = 2000;

/**
 * @param {View} view
 * @param {HTMLElement} button gets the focus back
 * @param {string} text
 * @param {(copied: boolean) => void} show called with false when the confirmation can disappear
 */
export async function copyText({ win, doc, h, later }, button, text, show) {
  let copied = true;
  try {
    await win.navigator.clipboard.writeText(text);
  } catch {
    // The clipboard is missing on insecure pages and in frames without permission.
    const area = h("textarea", "hidden", {}, text);
    button.getRootNode().appendChild(area);
    area.select();
    copied = doc.execCommand?.("copy");
    remove(area);
    button.focus();
  }
  if (!copied) return;
  show(true);
  later(() => show(false), SHOWN);
}

/** @param {View} view @param {HTMLElement} button of a code block */
export function copyCode(view, button) {
  const { copied, copy } = view.strings;
  const code = button.closest("figure")?.querySelectorAll("code")?.[0]?.textContent ?? "";
  copyText(view, button, code, (done) => setText(button, done ? copied : copy));
}
