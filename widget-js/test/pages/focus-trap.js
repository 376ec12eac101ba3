/** focus-trap: it listens in the capture phase, and cancels clicks outside. */

import { createFocusTrap } from "focus-trap";

document.body.insertAdjacentHTML(
  "beforeend",
  '<div id="trap"><input id="own"><button>x</button></div>',
);
createFocusTrap("#trap", { delayInitialFocus: false }).activate();
window.pageReady = true;
