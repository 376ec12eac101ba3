/** Finds its own script tag and hands it to the one SDK object of the page. */

import { baseOf } from "./config.js";
import { createSdk } from "./sdk.js";

/** @import { Loader, Win } from "./types.js" */

/** @param {Win & { Loquent?: any }} win @param {Loader} loader */
export function boot(win, loader) {
  const script = /** @type {HTMLScriptElement | null} */ (
    win.document.currentScript ?? win.document.querySelector("script[data-widget]")
  );
  if (!win.Loquent?.mount) win.Loquent = createSdk(win, loader, win.Loquent);
  const id = script?.dataset.widget;
  if (script && id) win.Loquent.mount(baseOf(script.src), id, script.dataset);
}
