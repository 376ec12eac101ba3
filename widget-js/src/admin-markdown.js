/** For the pages of staff: the widget's markdown, which makes DOM nodes and nothing else. */

export { renderMarkdown } from "./markdown.js";
