/** Parse emphasis, code, links and line breaks in one pass, with a short stack. */

import { decode, ENTITY, plain } from "./entities.js";
import { bareAddress, joins, link, unlink } from "./links.js";
import { push } from "./tree.js";

/** @import { VNode } from "./tree.js" */
/** @typedef {{ mark: string, kids: VNode[], at: number }} Open where what it opens begins */

/** All tokens: escape, entity, code, emphasis, brackets, <address>, break, email, bare address. */
const TOKEN = new RegExp(
  String.raw`\\([!-/:-@[-${"`"}{-~])|\\$|(${ENTITY})|${"`"}+|\*+|_+|~~|!?\[|\]|<((?:https?|mailto|tel):[^\s<>]*|[^\s<>@]+@[^\s<>]+)>|<br ?\/?>|\\?\n|(https?:\/\/|(?<![a-z\d.+/@-]|\/\/[\w:.-]{0,63})(?:www\.|(?:mailto:)?[a-z\d][\w.+'-]{0,63}@))`,
  "giu",
);
const TARGET =
  /\([ \n]{0,3}(?:<([^<>\n]*)>|([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*))(?:[ \n]{1,3}(?:"(?:\\.|[^"\\])*"|'[^']*'|\([^()]*\)))?[ \n]{0,3}\)/y;
/** The name of a reference link; empty: the link's text is the name. */
const LABEL = /\[([^[\]]*)\]/y;
const WORD = /[\p{L}\p{N}_]/u;

/** Maximum nesting. */
const MAX_OPEN = 20;

/** @type {{ [mark: string]: string }} */
const TAGS = { "*": "em", _: "em", "**": "strong", __: "strong", "~~": "del" };

/** Normalize the name of a reference link. @param {string} label */
export const labelOf = (label) => label.trim().replace(/\s+/g, " ").toLowerCase();

/** @param {RegExp} sticky @param {string} text @param {number} at */
function matchAt(sticky, text, at) {
  sticky.lastIndex = at;
  return sticky.exec(text);
}

/**
 * @param {string} text
 * @param {boolean} growing more text may follow: treat open tokens at the end as closed
 * @param {Map<string, string>} [targets] addresses of reference links by name
 * @returns {VNode[]}
 */
export function parseInline(text, growing, targets) {
  /** @type {Open[]} */
  const stack = [{ mark: "", kids: [], at: 0 }];
  /** Positions of the runs of backticks by length, last one first. @type {number[][]} */
  const runs = [];
  for (const { 0: run, index } of [...text.matchAll(/`+/g)].reverse()) {
    if (runs[run.length]) runs[run.length].push(index);
    else runs[run.length] = [index];
  }
  /** Start of the last word: a link's address in it may be incomplete. */
  const lastWord = growing ? text.search(/(?<![^\s)])[^\s)]*$/) : Number.POSITIVE_INFINITY;
  let position = 0;

  /** @param {VNode} node */
  const add = (node) => push(stack[stack.length - 1].kids, node);
  const close = () => /** @type {Open} */ (stack.pop());

  /** Turn unmatched openers back into text. @param {number} size */
  function unwind(size) {
    while (stack.length > size) {
      const { mark, kids } = close();
      add(mark);
      kids.forEach(add);
    }
  }

  /** @param {string} mark */
  function open(mark) {
    if (stack.length < MAX_OPEN) stack.push({ mark, kids: [], at: position });
    else add(mark);
  }

  /** @param {string} run @param {number} at */
  function emphasis(run, at) {
    const before = text[at - 1] ?? " ";
    const after = text[position] ?? " ";
    const inWord = run[0] === "_" && WORD.test(before) && WORD.test(after);
    if (run.length > 3 || inWord) return add(run);
    for (let left = run; left; ) {
      const double = left.slice(0, 2);
      const [below, top] = stack.slice(-2);
      // One run opened both: the first to close is the inner one.
      if (double[1] && top?.mark === left[0] && below.mark === double && !below.kids.length)
        [below.mark, top.mark] = [top.mark, double];
      const fits = (/** @type {Open} */ { mark }) => mark === double || mark === left[0];
      const found = before.trim() ? stack.findLastIndex(fits) : -1;
      const mark = found > 0 ? stack[found].mark : double;
      if (found > 0) {
        unwind(found + 1);
        const { kids } = close();
        add(kids.length ? { tag: TAGS[mark], kids } : mark + mark);
      } else if (after.trim()) open(mark);
      // At the growing end, the other half of the mark may follow.
      else if (!growing || position < text.length) add(mark);
      left = left.slice(mark.length);
    }
  }

  /** @param {number} start of the link's text @returns {(string | undefined)[] | null} like a match of TARGET */
  function namedTarget(start) {
    if (!targets?.size) return null;
    const name = text.slice(start, position - 1);
    // In [1][2], each is a number of its own.
    const label = Number(name) ? null : matchAt(LABEL, text, position);
    const url = targets.get(labelOf(label?.[1] || name));
    return url === undefined ? null : [label?.[0] ?? "", url];
  }

  function closeBracket() {
    const isOpen = (/** @type {Open} */ { mark }) => mark.endsWith("[");
    const found = stack.findLastIndex(isOpen);
    if (found < 0) return add("]");
    const target = matchAt(TARGET, text, position) ?? namedTarget(stack[found].at);
    const begun = !target && position >= lastWord && text[position] === "(";
    unwind(found + 1);
    const { mark, kids } = close();
    // Links do not nest: of an image in a link only its text remains; other openers become text.
    const outer = target ? stack.findIndex(isOpen) : -1;
    const inner = outer > 0 && mark === "![";
    if (outer > 0 && !inner) unwind(outer);
    // A cited number keeps its brackets.
    if (target ? !target[0] && Number(kids[0]) : !begun) {
      kids.unshift(mark);
      kids.push("]");
    }
    const label = target ? unlink(kids) : kids;
    (target && !inner ? link(plain(target[1] ?? target[2] ?? ""), label) : label).forEach(add);
    position = begun ? text.length : position + (target?.[0]?.length ?? 0);
  }

  /** @param {string} ticks */
  function code(ticks) {
    const size = ticks.length;
    /** @type {number | undefined} */
    let end;
    do end = runs[size]?.pop();
    while (end !== undefined && end < position);
    if (end === undefined) {
      if (!growing || size > 2) return add(ticks);
      end = text.length;
    }
    const body = text.slice(position, end).replaceAll("\n", " ");
    const padded = body[0] === " " && body.endsWith(" ") && /[^ ]/.test(body);
    if (body)
      add({ tag: "code", attrs: { dir: "ltr" }, kids: [padded ? body.slice(1, -1) : body] });
    position = end + size;
  }

  /** @param {string} start @param {number} at */
  function address(start, at) {
    const url = joins(text[at - 1] ?? "") ? "" : bareAddress(text, at);
    if (url) position = at + url.length;
    (url ? link(plain(url), []) : [start]).forEach(add);
  }

  while (position < text.length) {
    const match = matchAt(TOKEN, text, position);
    add(text.slice(position, match?.index));
    if (!match) break;
    const { index } = match;
    const [token, escaped, entity, angled, start] = match;
    position = index + token.length;
    if (escaped) add(escaped);
    else if (entity) add(decode(entity));
    else if (angled) link(plain(angled), [angled]).forEach(add);
    else if (start) address(start, index);
    else if (token.endsWith("\n") || token[0] === "<") add({ tag: "br", kids: [] });
    else if (token[0] === "`") code(token);
    else if (token === "]") closeBracket();
    else if (token.endsWith("[")) open(token);
    else if (token !== "\\") emphasis(token, index);
    else if (!growing) add(token);
  }

  while (growing && stack.length > 1) {
    const { mark, kids } = close();
    (TAGS[mark] && kids.length ? [{ tag: TAGS[mark], kids }] : kids).forEach(add);
  }
  unwind(1);
  return stack[0].kids;
}
