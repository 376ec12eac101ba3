/** Show a card at the end of the transcript. */

/** Within this many pixels, the visitor is at the end, and is shown what is added there. */
const NEAR = 60;

/** @param {HTMLElement} scroller @param {HTMLElement} node */
export function placeAtEnd(scroller, node) {
  if (node.parentNode === scroller) return;
  const rest = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  // The last element is the room below the newest question.
  scroller.insertBefore(node, scroller.lastElementChild);
  if (rest < NEAR) scroller.scrollTop = scroller.scrollHeight;
}
