/** Lenis on the document: it takes the wheel. */

import Lenis from "lenis";

document.body.insertAdjacentHTML("beforeend", '<div style="height: 5000px"></div>');
window.lenis = new Lenis({ autoRaf: true });
window.pageReady = true;
