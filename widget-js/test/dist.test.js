import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { brotliCompressSync } from "node:zlib";
import { openPage, settle } from "./support/page.js";

const bundle = readFileSync(new URL("../dist/widget.min.js", import.meta.url), "utf8");

test("the committed bundle keeps to its budget, whatever charset the page reads it in", () => {
  assert.ok(brotliCompressSync(bundle).length <= 14_600);
  assert.doesNotMatch(bundle, /[^\n -~]/);
});

test("nothing in it makes markup, code or styles out of strings", () => {
  assert.doesNotMatch(bundle, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser/);
  assert.doesNotMatch(
    bundle,
    /\beval\b|new Function|srcdoc|createElement\("s(cript|tyle)"\)|cookie/,
  );
  assert.doesNotMatch(bundle, /setAttribute\("(style|on)/);
});

test("it runs as a script, once or twice, and leaves one global", async () => {
  const page = openPage({
    html: '<script data-widget="wid_one" src="https://chat.example/api/widget/embed.js" type="text/plain"></script>',
  });
  const before = new Set(Object.keys(page.win));
  const run = new Function("window", "document", bundle);
  run(page.win, page.win.document);
  run(page.win, page.win.document);
  await settle();
  assert.deepEqual(
    Object.keys(page.win).filter((key) => !before.has(key)),
    ["Loquent"],
  );
  page.start({}, { type: "message", role: "assistant", content: "**Hello**", id: "a", seq: 1 });
  assert.deepEqual(page.lines, ["Hi, how can I help?", "Hello"]);
  page.win.Loquent.destroy();
  assert.equal(page.hosts.length, 0);
});

test("a browser that lacks what it needs shows nothing, and throws nothing", async () => {
  const page = openPage();
  page.win.CSSStyleSheet = class {
    constructor() {
      throw new TypeError("Illegal constructor");
    }
  };
  await page.embed();
  assert.equal(page.hosts.length, 0);
});
