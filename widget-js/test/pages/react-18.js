/** React 18 hydrates the whole document, with a mismatch, once the widget is there. */

import { createElement as h } from "react";
import { hydrateRoot } from "react-dom/client";

const page = h(
  "html",
  { lang: "en" },
  h("head", null, h("title", null, "Shop")),
  h("body", null, h("h1", null, "Drawn by React"), h("section", null, "not in the server's HTML")),
);
window.hydrate = () => hydrateRoot(document, page, { onRecoverableError() {} });
window.pageReady = true;
