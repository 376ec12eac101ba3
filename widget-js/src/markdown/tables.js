/** Parse tables with pipes. */

import { dirOf } from "./starts.js";

/** @import { VElement, VNode } from "./tree.js" */

/** @param {string | undefined} line */
export const isSeparator = (line) =>
  !!line && line.includes("|") && line.includes("-") && /^[\s|:-]+$/.test(line);

/** @param {string} line */
function cellsOf(line) {
  const cells = line.trim().replaceAll("\\|", "\0").split("|");
  if (!cells[0].trim()) cells.shift();
  if (cells.length && !cells[cells.length - 1].trim()) cells.pop();
  return cells.map((cell) => cell.trim().replaceAll("\0", "|"));
}

/**
 * @param {string[]} lines
 * @param {(text: string) => VNode[]} inline
 * @returns {VElement}
 */
export function parseTable(lines, inline) {
  const head = cellsOf(lines[0]);
  const sides = cellsOf(lines[1]).map((cell) =>
    cell.endsWith(":") ? (cell[0] === ":" ? "center" : "right") : "",
  );
  /** @param {string} tag @param {string} cell @param {number} at @returns {VElement} */
  const box = (tag, cell, at) => ({
    tag,
    attrs: { dir: "auto", ...(sides[at] && { align: sides[at] }) },
    kids: inline(cell),
  });
  /** @param {string[]} cells @param {string} tag @returns {VElement} */
  const row = (cells, tag) => ({
    tag: "tr",
    kids: head.map((_, at) => box(tag, cells[at] ?? "", at)),
  });
  const rows = lines.slice(2).map((line) => row(cellsOf(line), "td"));
  const table = {
    tag: "table",
    attrs: { dir: dirOf(lines) },
    kids: [
      { tag: "thead", kids: [row(head, "th")] },
      { tag: "tbody", kids: rows },
    ],
  };
  return { tag: "div", attrs: { class: "table", tabindex: "0" }, kids: [table] };
}
