/** Reference links: `[text][name]`, with `[name]: address` on its own line. */

import { labelOf } from "./inline.js";
import { FENCE } from "./starts.js";

const TARGET =
  /^ {0,3}\[(?!\^)([^[\]]{1,200})\]: *<?((?:[a-z]+:|www\.|[/#.?])[^\s<>]+)>?(?: +["'(].*["')])? *$/i;

/** @param {string[]} lines @returns {{ lines: string[], targets: Map<string, string> }} the lines without them */
export function takeTargets(lines) {
  /** @type {Map<string, string>} */
  const targets = new Map();
  let fence = "";
  const rest = lines.filter((line) => {
    const mark = FENCE.exec(line)?.[1];
    if (fence) {
      if (mark?.startsWith(fence)) fence = "";
      return true;
    }
    if (mark) fence = mark;
    const match = TARGET.exec(line);
    if (!match) return true;
    const name = labelOf(match[1]);
    if (!targets.has(name)) targets.set(name, match[2]);
    return false;
  });
  return { lines: rest, targets };
}
