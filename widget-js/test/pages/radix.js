/** Radix: an open dialog, which a press outside would close. */

import * as Dialog from "@radix-ui/react-dialog";
import { createElement as h } from "react";
import { createRoot } from "react-dom/client";

const root = document.body.appendChild(document.createElement("div"));
createRoot(root).render(
  h(
    Dialog.Root,
    { defaultOpen: true },
    h(
      Dialog.Portal,
      null,
      h(Dialog.Overlay),
      h(Dialog.Content, null, h(Dialog.Title, null, "T"), h("input", { id: "own" })),
    ),
  ),
);
window.pageReady = true;
