/** Decide which addresses may become links, and where a bare address ends. */

const SCHEMES = ["http:", "https:", "mailto:", "tel:"];
const MAX_LENGTH = 2048;

/** Scripts whose words are written without spaces, or take suffixes, next to an address. */
const J = String.raw`(?=[\p{L}\p{M}\p{N}])[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmr}\p{scx=Mymr}]`;
const JOINED = new RegExp(J, "u");
/** A letter of a script that separates words and addresses. */
const LETTER = /[\p{sc=Latn}\p{sc=Cyrl}\p{sc=Grek}\d]/u;
/** Punctuation, symbols and invisible characters beyond ASCII end an address, except those in words. */
const ENDS = String.raw`[^\P{P}!-~·・’׳״‐-–־]|[^\P{S}!-~]|[^\P{Cf}\u200c\u200d]`;
const LABEL = String.raw`(?:(?!${J})[\p{L}\p{M}\p{N}-])+`;
/** Group: the scheme and host of an address, with user and port if there are any. Else an email. Not `git@host:a`. */
const HOST = new RegExp(
  String.raw`((?:https?:\/\/(?:[\w:.-]*@)?|www\.(?=[^\s./]+\.[\p{L}\d]))(?:\[[\da-f:.]+\]|(?:(?!${J})[\p{L}\p{M}\p{N}._-]|(?<![a-z\d])${J})+)(?::\d+)?)|(?:mailto:)?[\w.+'-]+@(?:${LABEL}\.)+(?!\d)${LABEL}(?<!-)(?!:[\/\w]|\.?[a-z\d])`,
  "iuy",
);
/** One character of a path. One regular expression for all of them would read on after a bracket. */
const PATH = new RegExp(
  String.raw`(?![,;]https?:|&(?!amp;)#?\w{1,32};|${ENDS}|(?<=[a-z\d])${J})[^\s<>"${"`"}*|\\]|\\[_~*]`,
  "iuy",
);

/** Brackets by the one that opens them. @type {{ [closing: string]: string }} */
const OPENING = { ")": "(", "]": "[", "}": "{" };
/** @type {{ [opening: string]: string }} */
const QUOTES = { "'": "'", "‘": "’" };

/** @import { VNode } from "./tree.js" */

/**
 * @param {string} address
 * @returns {string} the normalized address, "" if it is not allowed
 */
export function safeUrl(address) {
  if (address.length > MAX_LENGTH) return "";
  const scheme = /^www\./i.test(address)
    ? "https://"
    : /^[^\s:/@]+@[^\s:/@]+$/.test(address)
      ? "mailto:"
      : "";
  try {
    const url = new URL(scheme + address);
    // `https://bank.example@evil.example` leads to the second one.
    return SCHEMES.includes(url.protocol) && !url.username && !url.password ? url.href : "";
  } catch {
    return "";
  }
}

/**
 * @param {string} address
 * @param {VNode[]} kids
 * @returns {VNode[]} the link, or only its label
 */
export function link(address, kids) {
  const href = safeUrl(address);
  const label = kids.length ? kids : [address];
  if (!href) return label;
  /** @type {{ [name: string]: string }} */
  const attrs = { href, target: "_blank", rel: "noopener noreferrer nofollow ugc" };
  if (!kids.length) attrs.dir = "ltr";
  return [{ tag: "a", attrs, kids: label }];
}

/**
 * Replace the bare addresses among the nodes by their text, because links do not nest.
 * @param {VNode[]} kids
 * @returns {VNode[]}
 */
export const unlink = (kids) =>
  kids.flatMap((kid) =>
    typeof kid === "string"
      ? kid
      : kid.tag === "a"
        ? kid.kids
        : [{ ...kid, kids: unlink(kid.kids) }],
  );

/** Return whether an address can't begin after this character. @param {string} before */
export const joins = (before) => LETTER.test(before);

/**
 * Return the bare address at this position, without the punctuation of the surrounding sentence;
 * "" if there is none.
 * @param {string} text
 * @param {number} at
 */
export function bareAddress(text, at) {
  HOST.lastIndex = at;
  const [whole = "", host] = HOST.exec(text) ?? [];
  const before = text[at - 1] ?? "";
  let end = at + whole.length;
  /** @type {string[]} */
  const open = [];
  while (host && (end > at + host.length || /[/?#]/.test(text[end] ?? ""))) {
    PATH.lastIndex = end;
    const mark = PATH.exec(text)?.[0];
    if (!mark || mark === QUOTES[before]) break;
    // Without a space before the address, none is expected after it.
    if (JOINED.test(mark) && JOINED.test(before)) break;
    if ("([{".includes(mark)) open.push(mark);
    else if (OPENING[mark] && open.pop() !== OPENING[mark]) break;
    end += mark.length;
  }
  while (end > at && ".,;:!?'_~([{·・’׳״‐‑‒–־\u200c\u200d".includes(text[end - 1])) end--;
  return text.slice(at, end);
}
