/** React's strict mode, which mounts, unmounts and mounts the npm form of the widget in one tick. */

import { createElement, StrictMode, useEffect } from "react";
import { createRoot } from "react-dom/client";
import { createLoquent } from "../../src/npm.js";

window.mounts = 0;
function Chat() {
  useEffect(() => {
    window.mounts++;
    const widget = createLoquent(window.mountOptions);
    return () => widget.destroy();
  }, []);
  return null;
}
const root = document.body.appendChild(document.createElement("div"));
createRoot(root).render(createElement(StrictMode, null, createElement(Chat)));
window.pageReady = true;
