/** Entry of the markdown file: what the chat uses of the renderer. */

export { link } from "./markdown/links.js";
export { patch } from "./markdown/tree.js";
export { renderMarkdown } from "./markdown.js";
