/** Bundle the pages of the browser tests, with their libraries, into the folder that is given. */

import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const names = (await readdir(here)).filter((name) => name !== "build.js");

/** React 18's renderer must find React 18. @param {string[]} entries @param {object} alias @param {string} [mode] */
const bundle = (entries, alias, mode = "production") =>
  build({
    absWorkingDir: here,
    entryPoints: entries,
    outdir: process.argv[2],
    bundle: true,
    minify: true,
    alias,
    define: { "process.env.NODE_ENV": JSON.stringify(mode) },
    logLevel: "error",
  });

await Promise.all([
  bundle(
    names.filter((name) => name !== "react-18.js" && name !== "strict-mode.js"),
    {},
  ),
  // Only the development build mounts twice.
  bundle(["strict-mode.js"], {}, "development"),
  bundle(["react-18.js"], { react: "react-18", "react-dom": "react-dom-18" }),
]);
