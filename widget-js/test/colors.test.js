import assert from "node:assert/strict";
import { test } from "node:test";
import { contrast, palette, parseColor, readable } from "../src/embed/colors.js";
import { baseOf, readConfig, whyRefused } from "../src/embed/config.js";

test("contrast follows WCAG", () => {
  assert.equal(contrast([0, 0, 0], [255, 255, 255]), 21);
  assert.equal(Math.round(contrast(parseColor("#6366f1"), [255, 255, 255]) * 100), 447);
});

const brands = [
  "#6366f1",
  "#ffffff",
  "#000000",
  "#ffff00",
  "#777777",
  "#ff0000",
  "#00ff99",
  "#0a0a0a",
];

for (const brand of brands) {
  test(`all text on ${brand}, or in it, is readable`, () => {
    for (const text of ["#ffffff", "#000000", brand]) {
      for (const dark of [false, true]) {
        const colors = palette({ primary_color: brand, text_color: text }, dark);
        assert.deepEqual(colors.on, parseColor(text));
        assert.ok(contrast(colors.fill, colors.on) >= 4.5, `fill ${text}`);
        assert.ok(contrast(colors.icon, colors.brand) >= 3, `icon ${text}`);
        assert.ok(contrast(colors.link, parseColor(dark ? "#2a2c32" : "#f1f2f5")) >= 4.5, "link");
      }
    }
  });
}

test("a readable colour is not changed", () => {
  assert.deepEqual(readable([0, 0, 128], [255, 255, 255], 4.5), [0, 0, 128]);
});

test("invalid colours never reach the style sheet", () => {
  const { primary_color, text_color } = readConfig({ primary_color: "red;}", text_color: "#fff" });
  assert.deepEqual([primary_color, text_color], ["#6366f1", "#ffffff"]);
});

test("the base is everything before /api/", () => {
  assert.equal(baseOf("https://a.example/api/widget/embed.js?v=1"), "https://a.example");
  assert.equal(baseOf("http://a.example:81/chat/api/widget/embed.js"), "http://a.example:81/chat");
});

for (const [name, config, embed, reason] of [
  ["404: gone", 404, 200, "gone"],
  ["config rejected, script there: refused", 0, 200, "refused"],
  ["both away: the server is away", 0, 0, ""],
  ["config there: go on", 200, 200, ""],
  ["server broken: go on", 500, 200, ""],
]) {
  test(name, async () => {
    const fetch = async (url, { cache }) => {
      assert.equal(cache, "no-store");
      const status = url.endsWith("/config") ? config : embed;
      if (!status) throw new TypeError("Failed to fetch");
      return { status, ok: status === 200 };
    };
    assert.equal(await whyRefused({ fetch }, "https://a.example", "wid_one"), reason);
  });
}
