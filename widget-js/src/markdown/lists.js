/** Parse bulleted and numbered lists, nested by indentation. */

import { startsBlock } from "./starts.js";

/** @import { VElement } from "./tree.js" */

const ITEM = /^([ \t]*)([-*+•]|\d{1,9}[.)])(?:[ \t]+|$)/;

/** Checkboxes of open and completed tasks. */
const TASK = ["\u2610", "\u2611"];

/** Return the columns before the text; a tab ends at the next multiple of four. @param {string} line */
export const indentOf = (line) => cut(line, line.length)[1];

/** Remove up to this many columns before the text. @param {string} line @param {number} width */
export function dedent(line, width) {
  const [at, columns] = cut(line, width);
  return " ".repeat(Math.max(0, columns - width)) + line.slice(at);
}

/** @param {string} line @param {number} width @returns {[number, number]} characters and columns up to this width */
function cut(line, width) {
  let at = 0;
  let columns = 0;
  for (; columns < width && (line[at] === " " || line[at] === "\t"); at++)
    columns += line[at] === " " ? 1 : 4 - (columns % 4);
  return [at, columns];
}

/** @param {string} line */
export const startsList = (line) => ITEM.test(line);

/** @param {string} line */
const isOrdered = (line) => /\d/.test(ITEM.exec(line)?.[2] ?? "");

/** @param {string[]} lines @param {number} start */
export function listEnd(lines, start) {
  const base = indentOf(lines[start]);
  const ordered = isOrdered(lines[start]);
  let end = start + 1;
  while (end < lines.length) {
    let next = end;
    while (next < lines.length && !lines[next].trim()) next++;
    if (next === lines.length) break;
    const line = lines[next];
    const inside = indentOf(line) >= base + 2;
    const item = startsList(line);
    if (!inside && item && isOrdered(line) !== ordered) break;
    if (!inside && !item && (next > end || startsBlock(line))) break;
    end = next + 1;
  }
  return end;
}

/**
 * @param {string[]} lines
 * @param {(lines: string[]) => VElement[]} nested
 * @returns {VElement}
 */
export function parseList(lines, nested) {
  const base = indentOf(lines[0]);
  /** @type {{ width: number, lines: string[] }[]} */
  const items = [];
  for (const line of lines) {
    const match = indentOf(line) < base + 2 && ITEM.exec(line);
    if (match) {
      const text = line
        .slice(match[0].length)
        .replace(/^\[([ xX])\](?= )/, (_, mark) => TASK[+(mark > " ")]);
      items.push({ width: match[0].length, lines: [text] });
    } else {
      const item = items[items.length - 1];
      item.lines.push(dedent(line, item.width));
    }
  }
  const kids = items.map((item) => {
    const blocks = nested(item.lines);
    const [first, ...rest] = blocks;
    const opening = first?.tag === "p" ? first.kids : first ? [first] : [];
    return { tag: "li", attrs: { dir: "auto" }, kids: [...opening, ...rest] };
  });
  if (!isOrdered(lines[0])) return { tag: "ul", kids };
  return { tag: "ol", attrs: { start: String(Number.parseInt(lines[0], 10)) }, kids };
}
