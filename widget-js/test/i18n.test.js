import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { labels, labelsOf } from "../src/labels.js";
import { directionOf, pickLocale } from "../src/languages.js";
import en from "../src/locales/en.js";
import { wordsOf } from "../src/words.js";

const codes = readdirSync(new URL("../src/locales", import.meta.url)).map((name) =>
  name.replace(".js", ""),
);
/** @type {{ [code: string]: typeof en }} */
const locales = {};
for (const code of codes) locales[code] = (await import(`../src/locales/${code}.js`)).default;

const sources = readdirSync(new URL("../src", import.meta.url), { recursive: true })
  .filter((name) => name.endsWith(".js") && !name.includes("locales"))
  .map((name) => readFileSync(new URL(`../src/${name}`, import.meta.url), "utf8"))
  .join("\n");

test("the words that tests and tools look for are exact in English", () => {
  const wanted = {
    ...{ message: "Message", send: "Send message" },
    ...{ name: "Name", email: "Email", phone: "Phone", start: "Start chat", save: "Save" },
    ...{ fresh: "New conversation", sending: "Sending…", waiting: "Waiting…", offline: "Offline" },
  };
  for (const key in wanted) assert.equal(en[key], wanted[key]);
  assert.match(en.stop, /^Stop/);
  assert.deepEqual([labelsOf("en").open, labelsOf("en").close], ["Open chat", "Close chat"]);
});

test("every key is used, and every key used is there", () => {
  const used = new Set([...sources.matchAll(/\bwords\.(?!js\b)(\w+)/g)].map(([, key]) => key));
  for (const key of ["name", "email", "phone", "sending", "offline", "waiting"]) used.add(key);
  assert.deepEqual([...used].sort(), Object.keys(en).sort());
});

test("the launcher speaks every language that the chat speaks", () => {
  assert.deepEqual(Object.keys(labels).sort(), codes.sort());
  for (const [code, names] of Object.entries(labels)) {
    assert.equal(names.length, labels.en.length, code);
    assert.ok(
      names.every((name) => name.trim()),
      code,
    );
    assert.match(labelsOf(code).unread, /\{n\}/, code);
  }
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
  assert.deepEqual(wordsOf(), en);
  assert.equal(wordsOf({ send: "Senden" }).send, "Senden");
  assert.equal(directionOf("ar"), "rtl");
  assert.equal(directionOf("en"), "ltr");
});
