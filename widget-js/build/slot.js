/** Keep the markdown renderer out of the chat's file: the views import the slot in its place. */

import { fileURLToPath } from "node:url";

const SLOT = fileURLToPath(new URL("../src/markdown-slot.js", import.meta.url));

/** @type {import("esbuild").Plugin} */
export const markdownSlot = {
  name: "markdown-slot",
  setup(build) {
    build.onResolve({ filter: /^\.\.\/markdown(\/\w+)?\.js$/ }, () => ({ path: SLOT }));
  },
};
