/** `window.Loquent`: a queue before the script has loaded, the methods after. */

import { createWidget } from "./widget.js";

/** @import { Loader, Win } from "./types.js" */
/** @import { Widget } from "./widget.js" */

const METHODS = "open close toggle send prefill identify reset setLocale setTheme on off".split(
  " ",
);

/**
 * @param {Win} win
 * @param {Loader} loader
 * @param {unknown} queue what the page pushed before
 */
export function createSdk(win, loader, queue) {
  /** @type {Map<string, Widget>} */
  const widgets = new Map();
  /** Calls that came before there was any widget. @type {unknown[][]} */
  let early = [];

  /** @type {any} */
  const sdk = {
    /** @param {string} [id] */
    get: (id = widgets.keys().next().value ?? "") => widgets.get(id) ?? null,

    /** @param {...unknown[]} commands */
    push(...commands) {
      for (const command of commands) {
        /** @type {any[]} */
        const [method, ...args] = Array.isArray(command) ? command : [];
        if (METHODS.includes(method) || method === "destroy") sdk[method](...args);
      }
    },

    destroy() {
      early = [];
      for (const widget of widgets.values()) widget.destroy();
    },

    /** Another tag, or the same one again. @param {string} base @param {string} id @param {DOMStringMap} options */
    mount(base, id, options) {
      if (widgets.has(id)) return;
      widgets.set(
        id,
        createWidget(win, loader, base, id, options, () => widgets.delete(id)),
      );
      sdk.push(...early.splice(0));
    },
  };

  for (const method of METHODS) {
    sdk[method] = (/** @type {unknown[]} */ ...args) => {
      const widget = sdk.get();
      if (widget) return widget[method](...args);
      early.push([method, ...args]);
    };
  }
  if (Array.isArray(queue)) sdk.push(...queue);
  return sdk;
}
