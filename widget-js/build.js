/**
 * Build dist/: widget.min.js (the launcher) and chunks/<hash>.js (the chat, what it loads when needed,
 * and one locale each, loaded after the first click); and the admin's markdown script. `--check` only compares dist/ with
 * src/, `--watch` rebuilds on every change, `--release` records the chunks of this release.
 */

import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { context } from "esbuild";
import { shrinkCss } from "./build/css.js";
import { ADMIN_MARKDOWN, hashOf, keep, release, report, write } from "./build/output.js";
import { shareModules } from "./build/shared.js";
import { shrink } from "./build/shrink.js";
import { launcherStrings } from "./src/i18n/launcher-strings.js";

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

const chat = await context({
  ...common,
  entryPoints: [
    { in: "src/chat-entry.js", out: "chat" },
    { in: "src/more-entry.js", out: "more" },
    ...locales.map((name) => ({ in: `src/locales/${name}.js`, out: name })),
  ],
  format: "esm",
  charset: "utf8",
  plugins: [shrinkCss, shareModules, { name: "chunks", setup: (build) => build.onEnd(buildRest) }],
});

const launcher = await context({
  ...common,
  entryPoints: ["src/index.js"],
  format: "iife",
  charset: "ascii",
  plugins: [shrinkCss],
});

/**
 * A hint for Chromium: compile the whole launcher on another thread while it loads. Without it, the
 * main thread compiles each function on its first call (docs/performance.md).
 */
const COMPILE_AT_ONCE = "//# allFunctionsCalledOnLoad";

/** Admin pages use the widget's markdown renderer. Django serves it, so it is not in dist/. */
const adminMarkdown = await context({
  ...common,
  entryPoints: [{ in: "src/admin-markdown.js", out: "markdown" }],
  format: "iife",
  globalName: "loquentMarkdown",
  charset: "utf8",
});

/** Name each chunk by its hash, and write all names into the first file. @param {import("esbuild").BuildResult} built */
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
  const inOrder = ["chat", "more", ...Object.keys(launcherStrings)].map(
    (name) => hashes[name] ?? "",
  );
  const named = first.replace("__CHUNKS__", inOrder.join(" "));
  const text = await shrink(named, {
    ...{ module: false, ascii: true, preamble: COMPILE_AT_ONCE },
  });
  files.unshift({ name: "launcher", path: "widget.min.js", text });
  const markdown = (await adminMarkdown.rebuild()).outputFiles?.[0].text ?? "";
  files.push({ name: "admin-markdown", path: ADMIN_MARKDOWN, text: `${markdown.trim()}\n` });
  const fits = report(files);
  const done = options.has("--check") ? await keep(files) : await write(files, fits);
  if (!fits || !done) process.exitCode = 1;
  else if (options.has("--release")) {
    const chunks = files.map(({ path }) => path).filter((path) => path.startsWith("chunks/"));
    await release(chunks.sort());
  }
}

if (options.has("--watch")) await chat.watch();
else {
  await chat.rebuild().catch(() => {
    process.exitCode = 1;
  });
  await chat.dispose();
  await launcher.dispose();
  await adminMarkdown.dispose();
}
