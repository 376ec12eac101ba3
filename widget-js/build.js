/**
 * Builds dist/: widget.min.js, the first file, and chunks/<hash>.js, what is loaded after the first
 * click: the chat, and the words of every language but English; and the markdown of the pages of
 * staff. `--check` only compares with what is there, `--watch` builds again on every change,
 * `--release` notes what goes out now.
 */

import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { context } from "esbuild";
import { shrinkCss } from "./build/css.js";
import { hashOf, keep, release, report, STAFF, write } from "./build/output.js";
import { shrink } from "./build/shrink.js";

const options = new Set(process.argv.slice(2));
const locales = (await readdir(new URL("src/locales/", import.meta.url)))
  .map((name) => name.replace(".js", ""))
  .filter((name) => name !== "en")
  .sort();

/** @type {import("esbuild").BuildOptions} */
const common = {
  absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
  bundle: true,
  minify: true,
  target: "es2020",
  legalComments: "none",
  write: false,
  outdir: "out",
  logLevel: "warning",
};

const room = await context({
  ...common,
  entryPoints: [
    { in: "src/chat-runtime.js", out: "chat" },
    ...locales.map((name) => ({ in: `src/locales/${name}.js`, out: name })),
  ],
  format: "esm",
  charset: "utf8",
  plugins: [shrinkCss, { name: "chunks", setup: (build) => build.onEnd(buildRest) }],
});

const launcher = await context({
  ...common,
  entryPoints: ["src/index.js"],
  format: "iife",
  charset: "ascii",
  plugins: [shrinkCss],
});

/**
 * Chromium reads it: the launcher is compiled whole, beside the main thread, while it loads; else
 * each function is when it is first called, by the main thread (docs/performance.md).
 */
const COMPILE_AT_ONCE = "//# allFunctionsCalledOnLoad";

/** What the pages of staff use of it; served by Django, so not part of dist/. */
const staff = await context({
  ...common,
  entryPoints: [{ in: "src/admin-markdown.js", out: "markdown" }],
  format: "iife",
  globalName: "loquentMarkdown",
  charset: "utf8",
});

/** Each chunk has its hash for a name, and the first file knows them all. @param {import("esbuild").BuildResult} built */
async function buildRest({ outputFiles = [] }) {
  /** @type {{ [name: string]: string }} */
  const hashes = {};
  /** @type {{ name: string, path: string, text: string }[]} */
  const files = [];
  for (const { path, text } of outputFiles) {
    const name = /** @type {string[]} */ (path.match(/([\w-]+)\.js$/))[1];
    const code = await shrink(text, { module: true, ascii: false });
    hashes[name] = hashOf(code);
    files.push({ name, path: `chunks/${hashes[name]}.js`, text: code });
  }
  const first = (await launcher.rebuild()).outputFiles?.[0].text ?? "";
  const named = first.replace('"__CHUNKS__"', JSON.stringify(JSON.stringify(hashes)));
  const text = await shrink(named, {
    ...{ module: false, ascii: true, preamble: COMPILE_AT_ONCE },
  });
  files.unshift({ name: "launcher", path: "widget.min.js", text });
  const pages = (await staff.rebuild()).outputFiles?.[0].text ?? "";
  files.push({ name: "staff", path: STAFF, text: `${pages.trim()}\n` });
  const fits = report(files);
  const done = options.has("--check") ? await keep(files) : await write(files, fits);
  if (!fits || !done) process.exitCode = 1;
  else if (options.has("--release")) {
    const chunks = files.map(({ path }) => path).filter((path) => path.startsWith("chunks/"));
    await release(chunks.sort());
  }
}

if (options.has("--watch")) await room.watch();
else {
  await room.rebuild().catch(() => {
    process.exitCode = 1;
  });
  await room.dispose();
  await launcher.dispose();
  await staff.dispose();
}
