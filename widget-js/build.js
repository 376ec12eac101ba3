/** Builds dist/widget.min.js; `--check` only compares, `--watch` builds again on every change. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { context, transform } from "esbuild";
import { minify } from "terser";

const TARGET = "es2020";
const OUT = new URL("dist/widget.min.js", import.meta.url);
/** Bytes after brotli: what one TCP initial window carries. */
const BUDGET = 14_600;

/** Shrinks the CSS in the template strings of src/styles. @type {import("esbuild").Plugin} */
const shrinkCss = {
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

/** @type {import("esbuild").Plugin} */
const report = {
  name: "report",
  setup(build) {
    build.onEnd((result) => (result.outputFiles ? shrink(result.outputFiles[0].text) : undefined));
  },
};

const options = new Set(process.argv.slice(2));

/** A second pass: shorter names and fewer statements than one pass finds. @param {string} source */
async function shrink(source) {
  /** @type {import("terser").CompressOptions} */
  const compress = { passes: 3, ecma: 2020, toplevel: true, unsafe_arrows: true };
  /** @type {import("terser").MinifyOptions} */
  const how = { ecma: 2020, compress, mangle: { toplevel: true }, format: { ascii_only: true } };
  const { code } = await minify(source, how);
  return finish(Buffer.from(`${code}\n`));
}

/** @param {Uint8Array} bundle */
async function finish(bundle) {
  const brotli = brotliCompressSync(bundle, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: bundle.length,
    },
  }).length;
  const gzip = gzipSync(bundle, { level: 9 }).length;
  console.log(
    `widget.min.js: raw ${bundle.length}, gzip ${gzip}, brotli ${brotli} of ${BUDGET} bytes`,
  );
  if (brotli > BUDGET) fail(`over the budget by ${brotli - BUDGET} bytes`);
  if (options.has("--check")) {
    const committed = await readFile(OUT).catch(() => Buffer.alloc(0));
    if (!committed.equals(bundle)) fail("dist/widget.min.js is not what src makes: npm run build");
    return;
  }
  await mkdir(new URL(".", OUT), { recursive: true });
  await writeFile(OUT, bundle);
}

/** @param {string} reason */
function fail(reason) {
  console.error(`widget.min.js: ${reason}`);
  process.exitCode = 1;
}

const builder = await context({
  absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
  entryPoints: ["src/index.js"],
  bundle: true,
  minify: true,
  format: "iife",
  target: TARGET,
  charset: "ascii",
  legalComments: "none",
  write: false,
  logLevel: "warning",
  plugins: [shrinkCss, report],
});
if (options.has("--watch")) await builder.watch();
else {
  await builder.rebuild().catch(() => fail("the build failed"));
  await builder.dispose();
}
