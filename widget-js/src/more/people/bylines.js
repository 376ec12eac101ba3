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

/** @param {View} view @param {string} name */
export function faceOf({ h }, name) {
  const hue = [...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % HUES;
  return h("span", `face hue${hue}`, { "aria-hidden": "true" }, initialsOf(name));
}

/** @param {View} view @param {Around} around */
export function createBylines(view, { scroller, nodeOf }) {
  const { h, strings } = view;
  /** @type {WeakSet<Node>} */
  const named = new WeakSet();
  const log = scroller.querySelector("[role=log]");
  const dots = h("div", "dots", {}, h("i"), h("i"), h("i"));
  const typing = h("div", "line typing", { "aria-hidden": "true", hidden: "" }, dots);
  /** @type {Node | undefined} */
  let typistLine;
  let typist = "";
  log?.after(typing);

  // The line's hidden text names its author for screen readers.
  const byAi = () =>
    h("span", "by", { "aria-hidden": "true" }, h("span", "mark", {}, strings.aiMark));
  /** @param {string} name */
  const byPerson = (name) =>
    h(
      "span",
      "by",
      { "aria-hidden": "true" },
      faceOf(view, name),
      h("span", "", { dir: "auto" }, name),
    );

  scroller.querySelector(".growing")?.prepend(byAi());

  return {
    /** @param {State} state @param {string} name who types */
    render({ messages }, name) {
      for (const { key, role, kind, author } of messages) {
        const node = nodeOf(key);
        if (!node || named.has(node)) continue;
        named.add(node);
        if (author) node.prepend(byPerson(author.name));
        else if (role === "assistant" && kind !== "notice") node.prepend(byAi());
      }
      typing.hidden = !name;
      if (name && name !== typist) {
        remove(typistLine);
        typistLine = typing.insertBefore(byPerson(name), dots);
      }
      typist = name;
    },
  };
}
