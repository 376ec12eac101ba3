/** Parse paragraphs, code, lists, quotes and tables line by line, in linear time. */

import { parseInline } from "./inline.js";
import { dedent, indentOf, listEnd, parseList, startsList } from "./lists.js";
import { dirOf, FENCE, HEADING, QUOTE, RULE, startsBlock } from "./starts.js";
import { isSeparator, parseTable } from "./tables.js";

/** @import { VElement } from "./tree.js" */
/** @typedef {{ kind: string, lines: string[] }} Block */
/** @typedef {{ growing: boolean, copy: string, targets?: Map<string, string> }} How */

const MAX_DEPTH = 8;
/** Underline of a heading. Dashes are a rule instead, as people use them. */
const UNDERLINE = /^ {0,3}=+ *$/;

/** Return whether this line closes the code block opened by `fence`. @param {string} line @param {string} fence */
const closes = (line, fence) =>
  line.trim().startsWith(fence) && !line.trim().replaceAll(fence[0], "");

/** @param {string[]} lines @param {number} start @param {boolean} nests @returns {[string, number]} */
function blockAt(lines, start, nests) {
  const line = lines[start];
  let end = start + 1;
  const fence = FENCE.exec(line)?.[1];
  if (fence) {
    while (end < lines.length && !closes(lines[end], fence)) end++;
    return ["code", end + 1];
  }
  if (HEADING.test(line)) return ["heading", end];
  if (RULE.test(line)) return ["rule", end];
  if (nests && QUOTE.test(line)) {
    while (end < lines.length && QUOTE.test(lines[end])) end++;
    return ["quote", end];
  }
  if (nests && startsList(line)) return ["list", listEnd(lines, start)];
  if (line.includes("|") && isSeparator(lines[end])) {
    while (end < lines.length && lines[end].includes("|")) end++;
    return ["table", end];
  }
  if (indentOf(line) > 3) {
    for (let next = end; next < lines.length; next++) {
      if (!lines[next].trim()) continue;
      if (indentOf(lines[next]) < 4) break;
      end = next + 1;
    }
    return ["indented", end];
  }
  while (end < lines.length && lines[end].trim() && !startsBlock(lines[end])) {
    if (isSeparator(lines[end + 1])) break;
    if (UNDERLINE.test(lines[end])) return ["heading", end + 1];
    end++;
  }
  return ["text", end];
}

/**
 * @param {string[]} lines
 * @param {number} [depth]
 * @returns {Block[]} the blocks in order, without blank lines
 */
export function splitBlocks(lines, depth = 0) {
  /** @type {Block[]} */
  const blocks = [];
  for (let at = 0; at < lines.length; ) {
    if (!lines[at].trim()) {
      at++;
      continue;
    }
    const [kind, end] = blockAt(lines, at, depth < MAX_DEPTH);
    blocks.push({ kind, lines: lines.slice(at, end) });
    at = end;
  }
  return blocks;
}

const paragraph = { tag: "p", attrs: { dir: "auto" } };

/** @param {string[]} lines */
const headingOf = (lines) =>
  HEADING.test(lines[0])
    ? lines[0].trim().replace(/^#+ */, "").replace(/ #+$/, "")
    : lines
        .slice(0, -1)
        .map((line) => line.trim())
        .join("\n");

/** @param {string[]} lines @param {string} copy @returns {VElement} */
function codeBlock(lines, copy) {
  const [, fence, info = ""] = FENCE.exec(lines[0]) ?? [];
  const closed = fence && lines.length > 1 && closes(lines[lines.length - 1], fence);
  const width = fence ? indentOf(lines[0]) : 4;
  const code = lines
    .slice(fence ? 1 : 0, closed ? -1 : undefined)
    .map((line) => dedent(line, width))
    .join("\n");
  const language = info.trim().split(/\s/)[0].slice(0, 30);
  const button = { tag: "button", attrs: { type: "button", class: "copy" }, kids: [copy] };
  return {
    tag: "figure",
    kids: [
      { tag: "figcaption", kids: [{ tag: "span", kids: [language] }, button] },
      { tag: "pre", attrs: { tabindex: "0", dir: "ltr" }, kids: [{ tag: "code", kids: [code] }] },
    ],
  };
}

/**
 * @param {Block} block
 * @param {How} how
 * @param {number} [depth]
 * @returns {VElement}
 */
export function toElement({ kind, lines }, how, depth = 0) {
  /** @param {string} text */
  const inline = (text) => parseInline(text, how.growing, how.targets);
  /** @param {string[]} inner */
  const nested = (inner) => parseBlocks(inner, how, depth + 1);
  if (kind === "code" || kind === "indented") return codeBlock(lines, how.copy);
  if (kind === "rule") return { tag: "hr", kids: [] };
  if (kind === "list") return parseList(lines, nested);
  if (kind === "table") return parseTable(lines, inline);
  if (kind === "quote") {
    return {
      tag: "blockquote",
      attrs: { dir: dirOf(lines) },
      kids: nested(lines.map((line) => line.replace(QUOTE, ""))),
    };
  }
  if (kind === "heading") {
    return {
      ...paragraph,
      kids: [{ tag: "strong", kids: inline(headingOf(lines)) }],
    };
  }
  return { ...paragraph, kids: inline(lines.map((line) => line.trim()).join("\n")) };
}

/**
 * @param {string[]} lines
 * @param {How} how
 * @param {number} depth
 */
export function parseBlocks(lines, how, depth) {
  const blocks = splitBlocks(lines, depth);
  return blocks.map((block, index) => {
    const growing = how.growing && index === blocks.length - 1;
    return toElement(block, { ...how, growing }, depth);
  });
}
