/** A text that the page puts into the message field, on each of its pages. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, settle } from "./support/page.js";

/** The message field of the next page of a visit, whose script has prefilled `text`. */
async function nextPage(tab, text) {
  const page = openPage({ tab: { ...tab } });
  await page.embed();
  page.win.Loquent.push(["prefill", text], ["open"]);
  await settle();
  page.draw();
  return { page, field: page.get("textbox", "Message"), tab: page.win.sessionStorage };
}

test("the same text on each page stands there once, also where the visitor went on with it", async () => {
  let visit = await nextPage({}, "Where is my order?");
  assert.equal(visit.field.value, "Where is my order?");
  visit = await nextPage(visit.tab, "Where is my order?");
  assert.equal(visit.field.value, "Where is my order?");
  visit.page.type("Message", "Where is my order? It is #123");
  visit = await nextPage(visit.tab, "Where is my order?");
  assert.equal(visit.field.value, "Where is my order? It is #123");
});

test("the text of another page takes the place of one that nobody touched", async () => {
  let visit = await nextPage({}, "About bags: ");
  visit = await nextPage(visit.tab, "About shoes: ");
  assert.equal(visit.field.value, "About shoes: ");
});

test("what the visitor wrote stays, below", async () => {
  let visit = await nextPage({}, "About bags");
  visit.page.type("Message", "Are you open?");
  visit = await nextPage(visit.tab, "About shoes");
  assert.equal(visit.field.value, "About shoes\nAre you open?");
});
