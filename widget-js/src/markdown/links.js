/** Decide which addresses may become links. */

const SCHEMES = ["http:", "https:", "mailto:", "tel:"];
const MAX_LENGTH = 2048;

/** @import { VNode } from "./tree.js" */

/**
 * @param {string} address
 * @returns {string} the normalized address, "" if it is not allowed
 */
export function safeUrl(address) {
  if (address.length > MAX_LENGTH) return "";
  try {
    const url = new URL(address);
    return SCHEMES.includes(url.protocol) ? url.href : "";
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
  const attrs = { href, target: "_blank", rel: "noopener noreferrer nofollow ugc" };
  return [{ tag: "a", attrs, kids: label }];
}

/**
 * Strip the punctuation of the surrounding sentence from a bare address.
 * @param {string} address
 */
export function trimAddress(address) {
  const marks = address.includes("(") ? ".,;:!?'_~" : ".,;:!?'_~)";
  let end = address.length;
  while (marks.includes(address[end - 1] ?? " ")) end--;
  return address.slice(0, end);
}
