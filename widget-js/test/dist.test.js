import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { brotliCompressSync } from "node:zlib";
import { openPage, settle } from "./support/page.js";
import { session } from "./support/socket.js";

const dist = new URL("../dist/", import.meta.url);
const bundle = readFileSync(new URL("widget.min.js", dist), "utf8");
const chunks = readdirSync(new URL("chunks/", dist)).map((name) => `chunks/${name}`);
const files = ["widget.min.js", ...chunks].map((name) => ({
  name,
  text: readFileSync(new URL(name, dist), "utf8"),
}));

for (const { name, text } of files) {
  test(`${name} is within its size budget`, () => {
    assert.ok(brotliCompressSync(text).length <= 14_600);
  });

  test(`${name} creates no markup, code or styles from strings`, () => {
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser/);
    assert.doesNotMatch(
      text,
      /\beval\b|new Function|srcdoc|createElement\("s(cript|tyle)"\)|cookie/,
    );
    assert.doesNotMatch(text, /setAttribute\("(style|on)/);
  });
}

test("the first file is ASCII", () => {
  assert.doesNotMatch(bundle, /[^\n -~]/);
});

test("a chunk is named by its content, and the first file knows the name", () => {
  for (const { name, text } of files.slice(1)) {
    const hash = createHash("sha256").update(text).digest("hex").slice(0, 20);
    assert.equal(name, `chunks/${hash}.js`);
    assert.ok(bundle.includes(hash));
  }
});

test("it runs as a script, once or twice, and leaves one global", async () => {
  const page = openPage({
    html: '<script data-widget="wid_one" src="https://chat.example/api/widget/embed.js" type="x-text/javascript"></script>',
  });
  const before = new Set(Object.keys(page.win));
  const load = (/** @type {string} */ url) =>
    import(new URL(url.replace(/.*chunks/, "chunks"), dist));
  const run = new Function("window", "document", "load", bundle.replace("import(", "load("));
  run(page.win, page.win.document, load);
  run(page.win, page.win.document, load);
  await settle();
  assert.deepEqual(
    Object.keys(page.win).filter((key) => !before.has(key)),
    ["Loquent"],
  );
  page.click("Open chat");
  while (!page.socket) await settle();
  page.socket.accept().say(session());
  page.socket.say({ type: "message", role: "assistant", content: "**Hello**", id: "a", seq: 1 });
  page.draw();
  assert.deepEqual(page.lines, ["Hi, how can I help?", "Hello"]);
  page.win.Loquent.destroy();
  assert.equal(page.hosts.length, 0);
});

test("an unsupported browser shows nothing and throws nothing", async () => {
  const page = openPage();
  page.win.CSSStyleSheet = class {
    constructor() {
      throw new TypeError("Illegal constructor");
    }
  };
  await page.embed();
  assert.equal(page.hosts.length, 0);
});

for (const [integrity, again] of [
  ["", "?1"],
  ["sha384-abc", ""],
]) {
  test(`a failed file is requested again${integrity && ", from the same address if it is pinned"}`, async () => {
    const page = openPage();
    const script = page.win.document.createElement("script");
    Object.assign(script, { type: "text/plain", integrity });
    script.src = "https://chat.example/api/widget/embed.js";
    script.dataset.widget = "wid_one";
    page.win.document.head.append(script);
    Object.defineProperty(page.win.Document.prototype, "currentScript", { value: script });
    const urls = [];
    const load = async (url) => {
      urls.push(url);
      throw new TypeError("Failed to fetch dynamically imported module");
    };
    new Function("window", "document", "load", bundle.replace("import(", "load("))(
      page.win,
      page.win.document,
      load,
    );
    await settle();
    page.click("Open chat");
    await settle();
    page.clock.tick(1000);
    assert.equal(urls.length, 2);
    assert.equal(urls[1], urls[0] + again);
  });
}
