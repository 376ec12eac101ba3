/** Who wrote a line: a person's name and initials, or that it was the AI. */

import { remove } from "../../view/dom.js";

/** @import { State, View } from "../../types.js" */
/** @import { Around } from "./people.js" */

const HUES = 6;

/** Return the first letters of the first and the last word. @param {string} name */
export function initialsOf(name) {
  const words = name.split(/[\s-]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const ends = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return ends.map((word) => [...word][0].toUpperCase()).join("");
}

/** @param {string} name */
export const hueOf = (name) =>
  `hue${[...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % HUES}`;

/** The line's hidden text names its author for screen readers. @param {View} view @param {string} [name] of a person */
const bylineOf = ({ h, strings }, name) =>
  h(
    "span",
    "by",
    { "aria-hidden": "true" },
    ...(name
      ? [h("span", `initials ${hueOf(name)}`, {}, initialsOf(name)), h("bdi", "", {}, name)]
      : [h("span", "mark", {}, strings.aiMark)]),
  );

/**
 * Say in a line who wrote it, unless it is the visitor's or of a transition.
 * @param {View} view
 * @param {HTMLElement} node
 * @param {{ role: string, kind?: unknown, author?: { name?: string } | null }} message
 */
export function addByline(view, node, { role, kind, author }) {
  if (role === "assistant" ? kind === "notice" : !author?.name) return;
  // Below the date, if it has one.
  node.querySelectorAll(":scope > .hidden")[0]?.before(bylineOf(view, author?.name));
}

/** @param {View} view @param {Around} around */
export function createBylines(view, { scroller, nodeOf }) {
  const { h } = view;
  /** @type {WeakSet<Node>} */
  const named = new WeakSet();
  const dots = h("div", "dots", {}, h("i"), h("i"), h("i"));
  const typing = h("div", "line typing", { "aria-hidden": "true", hidden: "" }, dots);
  /** @type {Node | undefined} */
  let typistLine;
  let typist = "";
  scroller.querySelectorAll("[role=log]")[0]?.after(typing);
  scroller.querySelectorAll(".growing")[0]?.prepend(bylineOf(view));

  return {
    /** @param {State} state @param {string} name who types */
    render({ messages }, name) {
      for (const message of messages) {
        const node = nodeOf(message.key);
        if (!node || named.has(node)) continue;
        named.add(node);
        addByline(view, node, message);
      }
      typing.hidden = !name;
      if (name && name !== typist) {
        remove(typistLine);
        typistLine = typing.insertBefore(bylineOf(view, name), dots);
      }
      typist = name;
    },
  };
}
