import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { keep, release, write } from "../build/output.js";

const files = (name) => [
  { name: "launcher", path: "widget.min.js", text: `first of ${name}\n` },
  { name: "chat", path: `chunks/${name}.js`, text: `chat of ${name}\n` },
];

test("chunks of the last three releases stay beside what is built", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dist-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const dist = pathToFileURL(`${folder}/`);
  const errors = t.mock.method(console, "error", () => {});
  const there = (name) => existsSync(new URL(`chunks/${name}.js`, dist));

  await write(files("draft"), true, dist);
  for (const name of ["one", "two"]) {
    await write(files(name), true, dist);
    await release([`chunks/${name}.js`], dist);
    await release([`chunks/${name}.js`], dist);
  }
  assert.ok(!there("draft") && there("one") && there("two"));
  assert.equal(JSON.parse(readFileSync(new URL("released.json", dist), "utf8")).length, 2);

  await write(files("three"), true, dist);
  assert.ok(await keep(files("three"), dist));
  rmSync(new URL("chunks/one.js", dist));
  assert.equal(await keep(files("three"), dist), false);
  assert.match(errors.mock.calls.at(-1).arguments[0], /one\.js was released and is gone/);

  for (const name of ["three", "four"]) {
    await write(files(name), true, dist);
    await release([`chunks/${name}.js`], dist);
  }
  await write(files("five"), true, dist);
  assert.ok(!there("one") && there("two") && there("three") && there("four") && there("five"));
  assert.ok(await keep(files("five"), dist));
});

test("files over their budget are not written", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dist-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const dist = pathToFileURL(`${folder}/`);
  assert.equal(await write(files("large"), false, dist), false);
  assert.equal(existsSync(new URL("widget.min.js", dist)), false);
});
