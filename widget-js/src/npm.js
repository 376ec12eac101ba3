/** The entry of the npm package: the same widget, whose later files the app's own bundler splits off. */

import { createChunks } from "./embed/chunks.js";
import { createSdk } from "./embed/sdk.js";

/** @import { LoquentOptions, LoquentWidget } from "../types/index.js" */

const chunks = createChunks((_base, name) =>
  name === "chat" ? import("./chat-runtime.js") : import(`./locales/${name}.js`),
);

/** One for the page, made when it is first wanted: on a server there is no window. @type {any} */
let sdk = null;

/**
 * Puts a widget on the page; one that is there already is given back as it is.
 * @param {LoquentOptions} options
 * @returns {LoquentWidget}
 */
export function createLoquent(options) {
  if (typeof window === "undefined") {
    throw new Error("createLoquent needs a browser: call it in an effect, not on the server.");
  }
  if (!options?.host || !options.widget) {
    throw new TypeError(
      "createLoquent needs `host`, the server, and `widget`, its wid_… identifier.",
    );
  }
  sdk ??= createSdk(window, chunks, []);
  return sdk.mount(options);
}
