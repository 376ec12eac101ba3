/** The automatic theme: dark only if the visitor's system is, and the page is not light. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";

for (const [name, head, dark] of [
  ["says nothing", "", true],
  ["declares light only", "<meta name=color-scheme content='light'>", false],
  ["declares both", "<meta name=color-scheme content='light dark'>", true],
  ["declares light in its style", "<style>html { color-scheme: light }</style>", false],
  ["has a light background", "<style>body { background-color: rgb(250, 245, 230) }</style>", false],
  ["has a light background on the root", "<style>html { background-color: #fff }</style>", false],
  ["has a dark background", "<style>body { background-color: #111 }</style>", true],
  [
    "has a translucent background",
    "<style>body { background-color: rgba(255, 255, 255, .5) }</style>",
    true,
  ],
  [
    "declares both and has a light background",
    "<meta name=color-scheme content='light dark'><style>body { background-color: #fff }</style>",
    true,
  ],
]) {
  test(`a dark system and a page that ${name}: ${dark ? "dark" : "light"}`, async () => {
    const page = openPage({ html: head, media: { "prefers-color-scheme: dark": true } });
    await page.embed();
    page.start();
    assert.equal(page.root.querySelector(".root").classList.contains("dark"), dark);
  });
}
