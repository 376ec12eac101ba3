/**
 * Stands in the built chat for the markdown renderer, which is a file of its own: see
 * build/slot.js. The script fills it before it starts the chat.
 */

/** @typedef {typeof import("./markdown-parts.js")} Parts */

/** @type {Parts["renderMarkdown"]} */
export let renderMarkdown;
/** @type {Parts["link"]} */
export let link;
/** @type {Parts["patch"]} */
export let patch;

/** @param {Parts} parts */
export function fill(parts) {
  ({ renderMarkdown, link, patch } = parts);
}
