import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { detectLocale, directionOf, localeOf, pickLocale } from "../src/i18n/languages.js";
import { launcherStrings, launcherStringsOf } from "../src/i18n/launcher-strings.js";
import moreEnglish from "../src/i18n/more-english.js";
import { stringsOf } from "../src/i18n/strings.js";
import first from "../src/locales/en.js";

/** Error codes that a visitor can see; each language translates them. */
const ERRORS = [
  ...["busy", "contact_info_invalid", "contact_info_required", "daily_cap_reached"],
  ...["internal", "interrupted", "message_too_long", "person_unavailable", "rate_limited"],
];
/** Texts of small buttons, which must not be much longer than in English. */
const BUTTONS = [
  ...["send", "stop", "fresh", "retry", "edit", "copy", "start", "save", "again"],
  ...["regenerate", "commentSend", "agree", "newer", "confirm"],
];
/** Texts that are the same as in English. */
const COGNATES = {
  chat: ["cs", "da", "de", "es", "fi", "fr", "it", "nb", "nl", "pt", "pt-BR", "ro"],
  menu: ["da", "fr", "id", "it", "nl", "pl", "pt", "pt-BR"],
  offline: ["da", "de", "it", "nl"],
  email: ["el", "id", "vi"],
  aiMark: ["cs", "da", "id", "ja", "ko", "nl", "pl", "ro", "sv", "vi", "zh", "zh-TW"],
  no: ["es", "it"],
  ...{ name: ["de"], commentSend: ["da"], log: ["fr"], message: ["fr"], sources: ["fr"] },
};
const SCRIPTS = ["Latin", "Arabic", "Cyrillic", "Greek", "Hebrew", "Devanagari"];

const codes = readdirSync(new URL("../src/locales", import.meta.url)).map((name) =>
  name.replace(".js", ""),
);
const en = { ...first, ...moreEnglish };
/** @type {{ [code: string]: typeof en }} */
const locales = {};
for (const code of codes) locales[code] = (await import(`../src/locales/${code}.js`)).default;
locales.en = en;

const sources = readdirSync(new URL("../src", import.meta.url), { recursive: true })
  .filter((name) => name.endsWith(".js") && !name.includes("locales"))
  .map((name) => readFileSync(new URL(`../src/${name}`, import.meta.url), "utf8"))
  .join("\n");

test("the English texts that tests and tools rely on are exact", () => {
  const wanted = {
    ...{ message: "Message", send: "Send message" },
    ...{ name: "Name", email: "Email", phone: "Phone", start: "Start chat", save: "Save" },
    ...{ fresh: "New conversation", sending: "Sending…", waiting: "Waiting…", offline: "Offline" },
  };
  for (const key in wanted) assert.equal(en[key], wanted[key]);
  assert.match(en.stop, /^Stop/);
  assert.deepEqual(
    [launcherStringsOf("en").open, launcherStringsOf("en").close],
    ["Open chat", "Close chat"],
  );
});

test("every key is used, and every used key exists", () => {
  const used = new Set(
    [...sources.matchAll(/\bstrings\.(?!(?:js|then|errors)\b)(\w+)/g)].map(([, key]) => key),
  );
  for (const key of ["name", "email", "phone", "sending", "offline", "waiting"]) used.add(key);
  assert.deepEqual([...used].sort(), Object.keys(en).sort());
});

test("the launcher speaks every language that the chat speaks", () => {
  assert.deepEqual(Object.keys(launcherStrings).sort(), codes.sort());
  for (const [code, names] of Object.entries(launcherStrings)) {
    assert.equal(names.length, launcherStrings.en.length, code);
    assert.ok(
      names.every((name) => name.trim()),
      code,
    );
    assert.match(launcherStringsOf(code).unread, /\{n\}/, code);
  }
});

/** Return all texts of a language by name. @param {string} code @returns {{ [name: string]: string }} */
function textsOf(code) {
  const { errors, ...strings } = locales[code];
  const { open, unread, away } = launcherStringsOf(code);
  const refusals = Object.entries(errors ?? {}).map(([key, text]) => [`errors.${key}`, text]);
  return { ...strings, open, unread, away, ...Object.fromEntries(refusals) };
}

/** Return placeholders and numbers in a fixed order. @param {string} text */
const markersOf = (text) => (text.match(/\{\w+\}|\d{2,}/g) ?? []).sort();

/** Return the number of graphemes of a text. @param {string} text */
const widthOf = (text) => [...new Intl.Segmenter().segment(text)].length;

/** Return the pattern of endings that match the ending of an English text. */
function endOf(text) {
  if (/…$/.test(text)) return /…$/;
  if (/\.$/.test(text)) return /[.。।]$/;
  if (/:$/.test(text)) return /[:：]$/;
  if (/\?$/.test(text)) return /[?？؟;]$/;
  return /[\p{L}\p{M}\d)）}]$/u;
}

const english = textsOf("en");

for (const code of codes.filter((each) => each !== "en")) {
  const texts = textsOf(code);

  test(`the locale ${code} has every text, and the same placeholders`, () => {
    const wanted = [...Object.keys(english), ...ERRORS.map((key) => `errors.${key}`)];
    assert.deepEqual(Object.keys(texts).sort(), wanted.sort());
    for (const [key, text] of Object.entries(texts)) {
      assert.ok(typeof text === "string" && text.trim(), key);
      assert.deepEqual(markersOf(text), markersOf(english[key] ?? ""), key);
    }
    assert.equal(launcherStringsOf(code).close, texts.close);
  });

  test(`the locale ${code} is translated`, () => {
    for (const [key, text] of Object.entries(english)) {
      assert.equal(texts[key] === text, (COGNATES[key] ?? []).includes(code), `${key}: ${text}`);
    }
  });

  test(`the locale ${code} follows typographic rules`, () => {
    for (const [key, text] of Object.entries(texts)) {
      const why = `${key}: ${text}`;
      assert.equal(text, text.trim().normalize("NFC"), why);
      assert.doesNotMatch(text, /\.\.|\s\s|["'`]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/, why);
      assert.match(text, endOf(english[key] ?? "."), why);
      if (code === "fr") assert.doesNotMatch(text, /[^\u00a0][:;!?]/, why);
      else assert.doesNotMatch(text, /\s[:;!?,.…]/, why);
      if (["ar", "fa"].includes(code)) assert.doesNotMatch(text, /[,;?]/, why);
      if (/^(ja|zh)/.test(code)) assert.doesNotMatch(text, /[,;:!?.()]/, why);
      for (const word of text.match(/[\p{L}\p{M}]+/gu) ?? []) {
        const scripts = SCRIPTS.filter((name) => new RegExp(`\\p{Script=${name}}`, "u").test(word));
        assert.ok(scripts.length <= 1, `${why}: ${word} mixes ${scripts}`);
      }
    }
    for (const key of BUTTONS) {
      assert.ok(
        widthOf(texts[key]) <= Math.max(12, Math.ceil(english[key].length * 1.8)),
        texts[key],
      );
    }
  });
}

test("the first supported language is chosen, or English", () => {
  assert.equal(pickLocale([undefined, null, "", "tlh", "EN-us", "de"]), "en");
  assert.equal(pickLocale(["xx", "fr-CA", "de"]), "fr");
  assert.equal(pickLocale(["tlh", "constructor", "__proto__", "-", "de1"]), "en");
  assert.deepEqual(stringsOf(), first);
  assert.equal(stringsOf({ send: "Senden" }).send, "Senden");
});

test("the page's option takes precedence over its lang, and that over the browser's languages", () => {
  const win = (lang) => ({
    document: {},
    Document: { prototype: { documentElement: { lang } } },
    navigator: { languages: ["nl-BE", "en"] },
  });
  assert.equal(detectLocale(win("fr"), "pt_br"), "pt-BR");
  assert.equal(detectLocale(win("fr"), undefined), "fr");
  assert.equal(detectLocale(win("eo"), "tlh"), "nl");
  assert.equal(detectLocale(win(""), undefined), "nl");
});

test("a tag selects the right script or regional variant", () => {
  const wanted = {
    "zh-TW": ["zh-TW", "zh_tw", "ZH-HANT", "zh-Hant-HK", "zh-HK", "zh-MO", " zh-Hant "],
    zh: ["zh", "zh-CN", "zh-Hans", "zh-Hans-HK", "zh-SG", "zh-hantx"],
    "pt-BR": ["pt-BR", "pt_br", "PT-br-x-foo"],
    pt: ["pt", "pt-PT", "pt-AO", "pt-brx"],
    nb: ["nb", "nb-NO", "no", "no-NO", "nn", "nn_NO"],
    he: ["he", "iw", "iw-IL"],
    id: ["id", "in", "in_ID"],
    de: ["de", "DE", "de-AT", "de_CH.UTF-8", "de-Latn-DE"],
  };
  for (const [code, tags] of Object.entries(wanted)) {
    for (const tag of tags) assert.equal(localeOf(tag), code, tag);
  }
  for (const tag of ["", "tlh", "ind", "nor", "constructor", "toString"]) {
    assert.equal(localeOf(tag), undefined, tag);
  }
});

test("right-to-left languages are laid out from right to left", () => {
  const right = ["ar", "fa", "he", "ur"];
  for (const tag of [...right, "ar-EG", "fa-IR"]) assert.equal(directionOf(tag), "rtl", tag);
  for (const code of codes) assert.equal(directionOf(code), right.includes(code) ? "rtl" : "ltr");
  assert.equal(directionOf("fab"), "ltr");
});
