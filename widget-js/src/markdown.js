/** Render the markdown of an answer, finished or streaming, directly into DOM nodes. */

import { splitBlocks, toElement } from "./markdown/blocks.js";
import { takeTargets } from "./markdown/targets.js";
import { patch, trim } from "./markdown/tree.js";

/** @import { VElement } from "./markdown/tree.js" */

/** @type {WeakMap<Element, { sources: string[], nodes: VElement[] }>} */
const rendered = new WeakMap();

/** The first mark of a new line, which is ambiguous until more text follows. */
const BEGINNING = /(^|\n)[ \t>]*(#{1,6}|[-*+>|]|\d{1,9}[.)]|`{1,2}|~{1,2})[ \t]*$/;

/**
 * Complete blocks are parsed and rendered once, however often this is called with more text.
 * @param {Element} container has no other content
 * @param {string} text
 * @param {string} copy the label of the button of a code block
 * @param {boolean} [growing] more text may follow
 */
export function renderMarkdown(container, text, copy, growing = false) {
  const shown = growing ? text.slice(-80).replace(BEGINNING, "$1") : "";
  const source = growing ? text.slice(0, -80) + shown : text;
  const { lines, targets } = takeTargets(source.replace(/\r\n?/g, "\n").split("\n"));
  const blocks = splitBlocks(lines);
  const before = rendered.get(container);
  /** @type {string[]} */
  const sources = [];
  const nodes = blocks.map((block, index) => {
    const open = growing && index === blocks.length - 1;
    const key = `${open} ${targets.size} ${block.lines.join("\n")}`;
    sources.push(key);
    if (before?.sources[index] === key) return before.nodes[index];
    return toElement(block, { growing: open, copy, targets });
  });
  let child = container.firstChild;
  nodes.forEach((node, index) => {
    const next = child?.nextSibling ?? null;
    if (!child || before?.nodes[index] !== node) patch(container, child, node);
    child = next;
  });
  trim(child);
  rendered.set(container, { sources, nodes });
}
