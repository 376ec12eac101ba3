/** Entry of the admin's script: the widget's markdown renderer, which only creates DOM nodes. */

export { renderMarkdown } from "./markdown.js";
