/** Show a card at the end of the transcript. */

/** @import { Around } from "./people.js" */

/** @param {Around} around @param {HTMLElement} node */
export function placeAtEnd({ scroller, follow }, node) {
  if (node.parentNode === scroller) return;
  // The last element is the room below the newest question.
  scroller.insertBefore(node, scroller.lastElementChild);
  follow();
}
