/** Bootstrap 5: a modal, then an offcanvas, which both hold the focus. */

import { Modal, Offcanvas } from "bootstrap";

const add = (html) => document.body.insertAdjacentHTML("beforeend", html);
add(
  '<div class="modal" id="m" tabindex="-1"><div class="modal-dialog"><input id="own"></div></div>',
);
add('<div class="offcanvas" id="o" tabindex="-1"><input></div>');
const kind = new URLSearchParams(location.search).get("kind");
const dialog = kind === "offcanvas" ? new Offcanvas("#o") : new Modal("#m");
dialog._element.addEventListener(`shown.bs.${kind}`, () => {
  window.pageReady = true;
});
dialog.show();
