import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { directionOf, pickLocale, wordsOf } from "../src/i18n.js";
import en from "../src/locales/en.js";
import { locales } from "../src/locales/index.js";

const sources = readdirSync(new URL("../src", import.meta.url), { recursive: true })
  .filter((name) => name.endsWith(".js") && !name.includes("locales"))
  .map((name) => readFileSync(new URL(`../src/${name}`, import.meta.url), "utf8"))
  .join("\n");

test("the words that tests and tools look for are exact in English", () => {
  const wanted = {
    ...{ open: "Open chat", close: "Close chat", message: "Message", send: "Send message" },
    ...{ name: "Name", email: "Email", phone: "Phone", start: "Start chat", save: "Save" },
    ...{ fresh: "New conversation", sending: "Sending…", waiting: "Waiting…", offline: "Offline" },
  };
  for (const key in wanted) assert.equal(en[key], wanted[key]);
  assert.match(en.stop, /^Stop/);
});

test("every key is used, and every key used is there", () => {
  const used = new Set([...sources.matchAll(/\bwords\.(\w+)/g)].map(([, key]) => key));
  for (const key of ["name", "email", "phone", "sending", "offline", "waiting"]) used.add(key);
  assert.deepEqual([...used].sort(), Object.keys(en).sort());
});

for (const [code, words] of Object.entries(locales)) {
  if (code === "en") continue;
  test(`the locale ${code} has every key, and the same placeholders`, () => {
    assert.deepEqual(Object.keys(words).sort(), Object.keys(en).sort());
    for (const key in en) {
      assert.ok(words[key].trim(), key);
      assert.deepEqual(words[key].match(/\{\w+\}/g), en[key].match(/\{\w+\}/g), key);
    }
  });
}

test("the first wanted language that is there is taken, else English", () => {
  assert.equal(pickLocale([undefined, "", "EN-us", "xx"]), "en");
  assert.equal(pickLocale(["tlh", "constructor"]), "en");
  assert.deepEqual(wordsOf("en"), en);
  assert.equal(directionOf("ar"), "rtl");
  assert.equal(directionOf("en"), "ltr");
});
