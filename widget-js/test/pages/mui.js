/** MUI: an open dialog. */

import Dialog from "@mui/material/Dialog";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

const root = document.body.appendChild(document.createElement("div"));
createRoot(root).render(
  createElement(Dialog, { open: true }, createElement("input", { id: "own" })),
);
window.pageReady = true;
