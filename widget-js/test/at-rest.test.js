import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { openPage } from "./support/page.js";

async function resting(options) {
  const page = openPage(options);
  await page.embed("wid_one", {}, { cold: true });
  return page;
}
const sheets = (page) => page.root.adoptedStyleSheets.length;
const tags = (page) => [...page.root.querySelectorAll("*")].map(({ localName }) => localName);
const launcher = (page) => page.root.querySelector(".launcher");
const send = (page, type) =>
  launcher(page).dispatchEvent(new page.win.Event(type, { bubbles: true, composed: true }));

test("at rest the launcher is a button with one icon", async () => {
  const page = await resting();
  assert.deepEqual(tags(page), ["div", "button", "svg", "path"]);
  assert.equal(sheets(page), 1);
  assert.equal(page.queries.length, 0);
  assert.equal(launcher(page).getAttribute("aria-describedby"), null);
});

for (const type of ["focusin", "pointerdown"]) {
  test(`${type} adds the other styles once, and the dark scheme`, async () => {
    const page = await resting({ media: { dark: true } });
    assert.ok(!page.root.querySelector(".dark"));
    send(page, type);
    send(page, type);
    assert.equal(sheets(page), 2);
    assert.equal(page.queries.length, 1);
    assert.ok(page.root.querySelector(".root.dark"));
  });
}

test("a press adds the second icon and the unread badge", async () => {
  const page = await resting();
  send(page, "pointerdown");
  assert.equal(page.root.querySelectorAll("svg").length, 2);
  const described = launcher(page).getAttribute("aria-describedby");
  assert.ok(page.root.getElementById(described));
});

test("an unread count is shown immediately, with its styles", async () => {
  const page = await resting({ local: { "loquent:wid_one:unread": "2" } });
  assert.equal(page.root.querySelector(".badge").textContent, "2");
  assert.equal(page.root.getElementById("unread").textContent, "New messages: 2");
  assert.equal(sheets(page), 2);
});

test("a theme set before activation is applied", async () => {
  const page = await resting();
  page.win.Loquent.setTheme("dark");
  send(page, "focusin");
  assert.ok(page.root.querySelector(".root.dark"));
});

test("the first file has the hint to compile it while loading", () => {
  const bundle = readFileSync(new URL("../dist/widget.min.js", import.meta.url), "utf8");
  assert.match(bundle, /^\/\/# allFunctionsCalledOnLoad\n/);
});
