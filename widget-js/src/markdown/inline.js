/** Parse emphasis, code, links and line breaks in one pass, with a short stack. */

import { link, trimAddress } from "./links.js";
import { push } from "./tree.js";

/** @import { VNode } from "./tree.js" */
/** @typedef {{ mark: string, kids: VNode[], at: number }} Open where what it opens begins */

/** All tokens: escape, entity, code, emphasis, brackets, <address>, break, bare address. */
const TOKEN =
  /\\([!-/:-@[-`{-~])|\\$|&(?:[a-z]+|#\d{1,7});|`+|\*+|_+|~~|!?\[|\]|<((?:https?|mailto|tel):[^\s<>]*|[\w.+-]+@[\w.-]+)>|<br ?\/?>|\\?\n|https?:\/\/[^\s<>"`*\]|\u3001-\u301f\uff01-\uff1f]+/g;
const TARGET = /\(<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:[ \n]["'(][^"'()]*["')])?\)/y;
/** The name of a reference link; empty: the link's text is the name. */
const LABEL = /\[([^[\]]*)\]/y;
const WORD = /[\p{L}\p{N}_]/u;

/** Maximum nesting. */
const MAX_OPEN = 20;

/** @type {{ [mark: string]: string }} */
const TAGS = { "*": "em", _: "em", "**": "strong", __: "strong", "~~": "del" };

/** @type {{ [name: string]: string }} */
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\xa0" };

/** @param {string} entity with its & and ; @returns {string} the character, or the same */
function decode(entity) {
  const name = entity.slice(1, -1);
  const code = name[0] === "#" ? Number(name.slice(1)) : 0;
  if (code > 31 && code < 0xd800) return String.fromCharCode(code);
  return (Object.hasOwn(ENTITIES, name) && ENTITIES[name]) || entity;
}

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

  /** @param {number} start of the link's text @returns {string[] | null} a match of TARGET */
  function namedTarget(start) {
    if (!targets?.size) return null;
    const label = matchAt(LABEL, text, position);
    const url = targets.get(labelOf(label?.[1] || text.slice(start, position - 1)));
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
    if (target) {
      // Links do not nest: turn openers around this one into text.
      const outer = stack.findIndex(isOpen);
      if (outer > 0) unwind(outer);
    } else if (!begun) {
      kids.unshift(mark);
      kids.push("]");
    }
    (target ? link(target[1].replaceAll("&amp;", "&"), kids) : kids).forEach(add);
    position = begun ? text.length : position + (target?.[0].length ?? 0);
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
    if (body) add({ tag: "code", kids: [padded ? body.slice(1, -1) : body] });
    position = end + size;
  }

  /** @param {string} token @param {number} at */
  function address(token, at) {
    const url = trimAddress(token);
    position = at + url.length;
    const plain = WORD.test(text[at - 1] ?? "") || stack.some(({ mark }) => mark.endsWith("["));
    (plain ? [url] : link(url, [])).forEach(add);
  }

  while (position < text.length) {
    const match = matchAt(TOKEN, text, position);
    add(text.slice(position, match?.index));
    if (!match) break;
    const { index } = match;
    const [token, escaped, angled] = match;
    position = index + token.length;
    if (escaped) add(escaped);
    else if (angled) link(/:/.test(angled) ? angled : `mailto:${angled}`, [angled]).forEach(add);
    else if (token[0] === "&") add(decode(token));
    else if (token.endsWith("\n") || token[0] === "<") add({ tag: "br", kids: [] });
    else if (token[0] === "`") code(token);
    else if (token[0] === "h") address(token, index);
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
