/** Dates in the visitor's own way. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { dateLocale, dayName } from "../src/more/dates.js";

for (const [languages, locale, wanted] of [
  [["de-CH", "en-GB"], "en", "en-GB"],
  [["de-CH"], "en", "en"],
  [["zh-CN"], "zh-TW", "zh-TW"],
  [["pt-PT"], "pt-BR", "pt-BR"],
  [["en-US@posix", "C", "", "en_GB", "en-"], "en", "en"],
  [["en-US@posix", "en-AU"], "en", "en-AU"],
  ["en-US", "en", "en"],
  [undefined, "fr", "fr"],
  [null, "fr", "fr"],
])
  test(`${locale} for a browser in ${languages} is written as ${wanted}`, () => {
    assert.equal(dateLocale({ navigator: { languages } }, locale), wanted);
  });

test("days have names in each language, with a capital where there are any", () => {
  const daysAgo = (days) => new Date(new Date().setDate(new Date().getDate() - days));
  const names = (locale) => [0, 1].map((days) => dayName(daysAgo(days), locale));
  assert.deepEqual(names("en"), ["Today", "Yesterday"]);
  assert.deepEqual(names("de"), ["Heute", "Gestern"]);
  assert.deepEqual(names("ar"), ["اليوم", "أمس"]);
  assert.match(dayName(new Date(2024, 1, 29), "fr"), /^Jeudi 29 février 2024$/);
});
