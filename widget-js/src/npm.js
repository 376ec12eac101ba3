/** Entry of the npm package: the same widget, with chunks split by the app's own bundler. */

import { createChunks } from "./embed/chunks.js";
import { createSdk } from "./embed/sdk.js";

/** @import { LoquentOptions, LoquentWidget } from "../types/index.js" */

const chunks = createChunks((_base, name) => {
  if (name === "chat") return import("./chat-runtime.js");
  return name === "more" ? import("./more.js") : import(`./locales/${name}.js`);
});

/** One per page, created on first use, because there is no window on a server. @type {any} */
let sdk = null;

/**
 * Add a widget to the page, or return the existing one unchanged.
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
