/** Build the npm package: modules that an app's bundler can split, with separate chat and locales. */

import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { shrinkCss } from "./css.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Empty the folder and write the package's modules into it. @param {string} folder */
export async function buildPackage(folder) {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: { index: "src/npm.js" },
    chunkNames: "[name]-[hash]",
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2020",
    charset: "utf8",
    write: false,
    logLevel: "warning",
    plugins: [shrinkCss],
  });
  await rm(folder, { recursive: true, force: true });
  for (const { path, contents } of outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contents);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPackage(`${ROOT}npm`);
