/**
 * Keep modules of the first file out of the files that it loads: these import `src/shared.js` in
 * their place, which the first file fills before it uses them.
 */

import { fileURLToPath } from "node:url";

const SHARED = fileURLToPath(new URL("../src/shared.js", import.meta.url));

/** @type {import("esbuild").Plugin} */
export const shareModules = {
  name: "share-modules",
  setup(build) {
    build.onResolve({ filter: /\/(dom|config|outbox)\.js$/ }, () => ({ path: SHARED }));
  },
};
