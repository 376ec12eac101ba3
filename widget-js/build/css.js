/** Minify the CSS in the template strings of src/styles. */

import { readFile } from "node:fs/promises";
import { transform } from "esbuild";

/** @type {import("esbuild").Plugin} */
export const shrinkCss = {
  name: "shrink-css",
  setup(build) {
    build.onLoad({ filter: /src[\\/]styles[\\/]\w+\.js$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const [, name, css] = source.match(/export const (\w+) = \/\* css \*\/ `([^`]*)`/) ?? [];
      if (!name) throw new Error(`${path}: no css template`);
      // A newer target than the script's: logical properties must stay as they are.
      const { code } = await transform(css, { loader: "css", minify: true, target: "safari16.4" });
      return { contents: `export const ${name} = ${JSON.stringify(code.trim())}` };
    });
  },
};
