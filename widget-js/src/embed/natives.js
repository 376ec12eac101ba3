/** Access to the page's document and JSON, whatever the page or its users did to them. */

/** @import { Win } from "../types.js" */

/**
 * Return the document, read through its prototype. Elements with a name, as in
 * `<img name="body">`, replace properties of `document` itself, and visitors may have written them.
 * @param {Win} win
 * @returns {Document} for reading properties and calling methods; not a node
 */
export const documentOf = (win) =>
  new Proxy(win.document, {
    get(real, name) {
      const value = Reflect.get(win.Document.prototype, name, real);
      return typeof value === "function" ? value.bind(real) : value;
    },
  });

/**
 * Return JSON without calling `toJSON` of arrays and plain objects: some libraries add one to
 * `Array.prototype` or `Object.prototype` that returns a string.
 * @param {any} value
 */
export const toJson = (value) =>
  JSON.stringify(
    value,
    /** @this {any} @param {string} key @param {any} changed */
    function (key, changed) {
      const raw = this[key];
      const { toJSON } = raw ?? {};
      const foreign =
        toJSON &&
        [Array, Object].some((type) => /** @type {any} */ (type.prototype).toJSON === toJSON);
      return foreign ? raw : changed;
    },
  );
