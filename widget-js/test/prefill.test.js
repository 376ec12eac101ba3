/** A text that the page prefills on each of its pages. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, settle } from "./support/page.js";

/** Return the message field of the visit's next page, after it has prefilled `text`. */
async function nextPage(tab, text) {
  const page = openPage({ tab: { ...tab } });
  await page.embed();
  page.win.Loquent.push(["prefill", text], ["open"]);
  await settle();
  page.draw();
  return { page, field: page.get("textbox", "Message"), tab: page.win.sessionStorage };
}

test("the same prefilled text on each page appears once, even if the visitor continued it", async () => {
  let visit = await nextPage({}, "Where is my order?");
  assert.equal(visit.field.value, "Where is my order?");
  visit = await nextPage(visit.tab, "Where is my order?");
  assert.equal(visit.field.value, "Where is my order?");
  visit.page.type("Message", "Where is my order? It is #123");
  visit = await nextPage(visit.tab, "Where is my order?");
  assert.equal(visit.field.value, "Where is my order? It is #123");
});

test("another page's prefilled text replaces an untouched one", async () => {
  let visit = await nextPage({}, "About bags: ");
  visit = await nextPage(visit.tab, "About shoes: ");
  assert.equal(visit.field.value, "About shoes: ");
});

test("the visitor's own text stays below a prefilled one", async () => {
  let visit = await nextPage({}, "About bags");
  visit.page.type("Message", "Are you open?");
  visit = await nextPage(visit.tab, "About shoes");
  assert.equal(visit.field.value, "About shoes\nAre you open?");
});
