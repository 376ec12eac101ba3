/** A line of the page's beside the launcher, once per visitor. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, settle, until } from "./support/page.js";

const teaser = (page) => page.root.querySelector(".teaser");
const DATA = { teaser: "Questions about cakes?", teaserDelay: "3" };

/** A page on which the time of the teaser has come. */
async function waited(options = {}, data = DATA) {
  const page = openPage(options);
  await page.embed("wid_one", data, { cold: true });
  page.clock.tick(2900);
  await settle();
  assert.equal(teaser(page), null);
  page.clock.tick(200);
  for (let turn = 0; turn < 99 && !teaser(page); turn++) await settle();
  return page;
}

/** A page that shows the teaser. */
async function shown(data = DATA) {
  const page = await waited({}, data);
  await until(() => teaser(page));
  return page;
}

test("the teaser appears once per visitor, and a click opens the chat", async () => {
  const page = await shown();
  assert.equal(teaser(page).querySelector("button").textContent, "Questions about cakes?");
  assert.equal(page.sockets.length, 0);
  teaser(page).querySelector("button").click();
  await settle();
  page.draw();
  assert.ok(page.get("dialog"));
  assert.equal(teaser(page), null);
  page.click("Close chat");
  assert.equal(teaser(page), null);
  const local = {
    "loquent:wid_one:teased": page.win.localStorage.getItem("loquent:wid_one:teased"),
  };
  assert.equal(teaser(await waited({ local })), null);
});

test("it can be closed, in the visitor's language, which leaves the focus on the launcher", async () => {
  const page = await shown({ ...DATA, locale: "de" });
  page.get("button", "Diese Nachricht schließen").click();
  assert.equal(teaser(page), null);
  assert.equal(page.root.activeElement, page.root.querySelector(".launcher"));
  assert.equal(page.sockets.length, 0);
});

for (const [why, options, data] of [
  ["without the option", {}, {}],
  ["for those who have chatted", { local: { "loquent:wid_one:token": "wst_one" } }, DATA],
  ["while the chat is open", {}, { ...DATA, open: "" }],
])
  test(`there is no teaser ${why}`, async () => {
    const page = await waited(options, data);
    assert.equal(teaser(page), null);
    assert.deepEqual(page.errors, []);
  });

test("destroy before its time leaves nothing", async () => {
  const page = openPage();
  await page.embed("wid_one", DATA, { cold: true });
  page.win.Loquent.destroy();
  page.clock.tick(10_000);
  await settle();
  assert.equal(page.hosts.length, 0);
  assert.equal(page.win.localStorage.length, 0);
});
