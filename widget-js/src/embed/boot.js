/** Find the script's own tag and mount its widget with the page's one SDK object. */

import { baseOf } from "./config.js";
import { documentOf } from "./natives.js";
import { createSdk } from "./sdk.js";

/** @import { Chunks, Win } from "../types.js" */

/** The type of a tag that runs: consent tools disable tags by another type until they may run. */
const RUNS = /^$|^module$|(java|ecma)script$/i;

/** @param {string} [src] scripts of drawings have none */
const isOurs = (src) => src?.includes("/api/widget/");

/** Tag managers drop attributes, so the address may name the widget. @param {HTMLScriptElement} script */
const widgetOf = ({ src, dataset }) =>
  dataset.widget?.trim() ?? (isOurs(src) ? /[?&]widget=([\w-]+)/.exec(src)?.[1] : undefined);

/** @param {HTMLScriptElement} script */
const isTag = (script) =>
  widgetOf(script) !== undefined && (isOurs(script.src) || script.dataset.host);

/** @param {Win & { Loquent?: any }} win @param {Chunks} chunks */
export function boot(win, chunks) {
  const doc = documentOf(win);
  const { currentScript } = doc;
  // An SVG script has neither `src` nor `type`.
  const current = currentScript instanceof win.HTMLScriptElement ? currentScript : null;
  // A module has no current script, and runs once even if several tags load it.
  /** @returns {HTMLScriptElement[]} */
  const all = () =>
    [...doc.querySelectorAll("script")].filter((each) => RUNS.test(each.type.trim()));
  const own = current && isTag(current) ? [current] : all().filter(isTag);
  if (typeof win.Loquent?.mount !== "function") {
    // A file that combines several scripts does not say where our server is.
    const source = [current, ...own].find((each) => each && isOurs(each.src));
    win.Loquent = createSdk(win, chunks, win.Loquent, source ? baseOf(source.src) : "");
  }
  for (const script of own) {
    const { src, dataset } = script;
    win.Loquent.mount({ host: baseOf(src), ...dataset, widget: widgetOf(script) }, chunks);
  }
  if (!own.length && win.Loquent.isEmpty?.()) {
    win.console.warn(
      "Loquent: no widget. Add data-widget to the tag, ?widget= to its address, or call mount.",
    );
  }
}
