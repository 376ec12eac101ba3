/** `window.Loquent`: a queue until the script has loaded, then an object with methods. */

import { clearStorage } from "./storage.js";
import { createWidget } from "./widget.js";
import { outsideZone } from "./zone.js";

/** @import { Chunks, Win } from "../types.js" */
/** @import { Widget } from "./widget.js" */

export const METHODS =
  "open close toggle send prefill identify reset setLocale setTheme setPageContext on off".split(
    " ",
  );

const OWN_METHODS = ["destroy", "mount", "consent"];

/** Maximum number of calls to keep while there is no widget. */
const MOST = 100;

/** @param {string} address @returns {string} */
const withoutSlash = (address) =>
  address.endsWith("/") ? withoutSlash(address.slice(0, -1)) : address;

/**
 * @param {Win} win
 * @param {Chunks} chunks of the first script; other scripts pass their own to `mount`
 * @param {unknown} queue calls that the page pushed before
 * @param {string} [home] the server that the script was loaded from
 */
export function createSdk(win, chunks, queue, home = "") {
  /** @type {Map<string, Widget>} */
  const widgets = new Map();
  /** Calls made while there is no widget. @type {unknown[][]} */
  let early = [];
  /** The visitor's consent, once the page has said. */
  let consented = false;
  /** Widgets that need it, by id: the options, and the chunks. @type {Map<string, [any, Chunks]>} */
  const needsConsent = new Map();

  /** @type {any} */
  const sdk = {
    /** @param {string} [id] */
    get: (id = widgets.keys().next().value ?? "") => widgets.get(id) ?? null,

    /** @param {...unknown[]} commands */
    push(...commands) {
      for (const command of commands) {
        /** @type {any[]} */
        const [method, ...args] = Array.isArray(command) ? command : [];
        if (METHODS.includes(method) || OWN_METHODS.includes(method)) sdk[method](...args);
      }
    },

    /** Whether nothing was mounted, and nothing waits for consent. */
    isEmpty: () => !widgets.size && !needsConsent.size,

    /**
     * Show the widgets that need consent; or remove them, and all that they stored in this browser.
     * @param {boolean} given
     */
    consent(given) {
      consented = given === true;
      for (const [id, [options, by]] of needsConsent) {
        if (consented) sdk.mount(options, by);
        else {
          widgets.get(id)?.reset();
          widgets.get(id)?.destroy();
          clearStorage(win, id);
        }
      }
    },

    destroy() {
      early = [];
      needsConsent.clear();
      for (const widget of widgets.values()) widget.destroy();
    },

    /**
     * Add a widget to the page. If it exists, keep it, and re-attach its element if the page
     * removed it.
     * @param {{ [name: string]: any }} options `widget`, `host`, and the options of a script tag
     * @param {Chunks} [by]
     */
    mount(options, by = chunks) {
      const { widget: id, host = home, ...more } = options ?? {};
      if (!id || !host) {
        win.console.warn("Loquent: mount needs the widget's id, and the host of the server.");
        return null;
      }
      if (more.consent === "required") {
        needsConsent.set(id, [options, by]);
        if (!consented) return null;
      }
      widgets.get(id)?.attach();
      if (!widgets.has(id)) {
        const create = () =>
          createWidget(win, by, withoutSlash(`${host}`), id, more, () => {
            if (widgets.get(id) === widget) widgets.delete(id);
          });
        const widget = outsideZone(win, create);
        widgets.set(id, widget);
        sdk.push(...early.splice(0));
      }
      return widgets.get(id);
    },
  };

  for (const method of METHODS) {
    sdk[method] = (/** @type {unknown[]} */ ...args) => {
      const widget = sdk.get();
      if (widget) return widget[method](...args);
      const call = [method, ...args];
      early = [...early, call].slice(-MOST);
      if (method !== "on") return;
      return () => {
        early = early.filter((each) => each !== call);
        for (const each of widgets.values()) each.off(...args);
      };
    };
  }
  if (Array.isArray(queue)) sdk.push(...queue);
  return sdk;
}
