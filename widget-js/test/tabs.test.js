import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { session } from "./support/socket.js";
import { share } from "./support/tabs.js";

async function twoTabs(options = {}, data = {}) {
  const tabs = [openPage(options), openPage(options)];
  share(...tabs);
  for (const tab of tabs) await tab.embed("wid_one", data);
  return tabs;
}

const answer = (seq, more = {}) => ({
  ...{ type: "message", role: "assistant", content: `answer ${seq}`, id: `a${seq}`, seq },
  ...{ created_at: "2026-11-22T10:00:01.000000Z", status: "complete", sources: [] },
  ...more,
});
const isOpen = (page) => page.all("dialog").length === 1;
const badge = (page) => page.root.querySelector(".badge").textContent;
const stored = (page, name) => page.win.localStorage.getItem(`loquent:wid_one:${name}`);
function hide(page, hidden) {
  Object.defineProperty(page.win.Document.prototype, "hidden", {
    value: hidden,
    configurable: true,
  });
  page.win.document.dispatchEvent(new page.win.Event("visibilitychange"));
  page.draw();
}

test("opening in one tab opens the others without focus, and leaves no entry in storage", async () => {
  const [one, two] = await twoTabs();
  one.click("Open chat");
  assert.ok(isOpen(one) && isOpen(two));
  assert.equal(two.root.activeElement, null);
  assert.equal(two.win.sessionStorage.getItem("loquent:wid_one:open"), "1");
  assert.equal(stored(one, "panel"), null);
  two.key(two.get("dialog"), "Escape");
  assert.ok(!isOpen(one) && !isOpen(two));
  assert.equal(one.win.sessionStorage.getItem("loquent:wid_one:open"), null);
});

test("storage events that the page dispatches itself cause no errors", async () => {
  const page = openPage();
  await page.embed();
  const errors = [];
  page.win.addEventListener("error", ({ message }) => errors.push(message));
  for (const event of [
    new page.win.Event("storage"),
    new page.win.CustomEvent("storage", { detail: {} }),
    new page.win.StorageEvent("storage", { key: "theme" }),
  ])
    page.win.dispatchEvent(event);
  assert.deepEqual(errors, []);
});

test("a background tab opens when it becomes visible, unless it was closed since then", async () => {
  const [one, two] = await twoTabs();
  hide(two, true);
  one.click("Open chat");
  assert.equal(two.sockets.length, 0);
  one.click("Close chat");
  hide(two, false);
  assert.ok(!isOpen(two));
  hide(two, true);
  one.click("Open chat");
  hide(two, false);
  assert.ok(isOpen(two));
});

test("a tab that is loaded later starts closed; data-open opens one tab only, until it is closed there", async () => {
  const [one, two] = await twoTabs();
  one.click("Open chat");
  two.click("Close chat");
  const third = openPage({ local: { "loquent:wid_one:token": "wst_one" } });
  share(one, third);
  await third.embed("wid_one", { open: "" });
  third.draw();
  assert.ok(isOpen(third) && !isOpen(one));
  third.click("Close chat");
  const value = third.win.sessionStorage.getItem("loquent:wid_one:open");
  const next = openPage({ tab: { "loquent:wid_one:open": value } });
  await next.embed("wid_one", { open: "" });
  assert.equal(next.sockets.length, 0);
});

test("open() by the page affects one tab; after a visitor's click, all", async () => {
  const [one, two] = await twoTabs();
  one.win.Loquent.open();
  one.draw();
  assert.ok(isOpen(one) && !isOpen(two));
  one.win.Loquent.close();
  Object.defineProperty(one.win.navigator, "userActivation", { value: { isActive: true } });
  one.win.Loquent.toggle();
  one.draw();
  assert.ok(isOpen(one) && isOpen(two));
});

test("a message received by two tabs counts once, and reading it in one marks it read in all", async () => {
  const [one, two] = await twoTabs();
  const counts = [];
  two.win.Loquent.on("unread", (count) => counts.push(count));
  one.click("Open chat");
  for (const tab of [one, two]) tab.socket.accept().say(session(), answer(1));
  one.click("Close chat");
  for (const tab of [one, two]) tab.socket.say(answer(2), answer(3, { role: "user" }), answer(4));
  for (const tab of [one, two]) tab.draw();
  assert.deepEqual([badge(one), badge(two), stored(one, "unread")], ["2", "2", "2"]);
  one.click("Open chat");
  two.click("Close chat");
  assert.deepEqual([badge(one), badge(two), stored(one, "unread")], ["", "", null]);
  two.socket.say(answer(5));
  two.draw();
  one.draw();
  assert.equal(badge(two), "1");
  assert.deepEqual(counts, [1, 2, 0, 1]);
});

test("a tab without the chat shows the stored count, and follows it", async () => {
  const [one, two] = await twoTabs({ local: { "loquent:wid_one:unread": "3" } });
  const counts = [];
  two.win.Loquent.on("unread", (count) => counts.push(count));
  assert.deepEqual([badge(one), badge(two)], ["3", "3"]);
  hide(two, true);
  one.click("Open chat");
  assert.deepEqual([badge(one), badge(two)], ["", ""]);
  assert.deepEqual(counts, [0]);
});

test("an answer in a hidden tab is unread until the tab is visible", async () => {
  const [one, two] = await twoTabs();
  const counts = [];
  one.win.Loquent.on("unread", (count) => counts.push(count));
  one.click("Open chat");
  for (const tab of [one, two]) tab.socket.accept().say(session(), answer(1));
  for (const tab of [one, two]) hide(tab, true);
  for (const tab of [one, two]) tab.socket.say(answer(2));
  assert.deepEqual([counts, stored(one, "unread")], [[1], "1"]);
  hide(two, false);
  assert.deepEqual([counts, stored(one, "unread")], [[1, 0], null]);
  assert.equal(badge(one), "");
});

test("a hidden tab with an open panel does not mark messages as read", async () => {
  const [one, two] = await twoTabs();
  one.click("Open chat");
  for (const tab of [one, two]) tab.socket.accept().say(session(), answer(1));
  hide(two, true);
  two.socket.say(answer(2));
  one.click("Close chat");
  one.socket.say(answer(2));
  one.draw();
  assert.equal(badge(one), "1");
});

test("a new conversation resets the unread count", async () => {
  const [one, two] = await twoTabs();
  one.click("Open chat");
  for (const tab of [one, two]) tab.socket.accept().say(session(), answer(1), answer(2), answer(3));
  one.click("Close chat");
  for (const tab of [one, two])
    tab.socket.say(session({ session_token: "wst_another" }), answer(1, { id: "b1" }));
  for (const tab of [one, two]) tab.draw();
  assert.deepEqual([badge(one), badge(two)], ["1", "1"]);
});

test("read history is not counted as unread; newer messages are", async () => {
  const local = { "loquent:wid_one:token": "wst_one", "loquent:wid_one:read": "2 wst_one" };
  const page = openPage({ local });
  await page.embed();
  page.win.Loquent.send("Hello");
  const messages = [answer(1), answer(2), answer(3)];
  page.socket.accept().say(session({ resumed: true }));
  page.socket.say({ type: "history", messages, complete: true });
  page.draw();
  assert.equal(badge(page), "1");
});

test("a reset in one tab applies to all", async () => {
  const [one, two] = await twoTabs();
  one.click("Open chat");
  for (const tab of [one, two]) tab.socket.accept().say(session(), answer(1));
  two.click("Close chat");
  one.win.Loquent.reset();
  two.clock.tick(1000);
  two.draw();
  two.win.Loquent.open();
  two.draw();
  assert.deepEqual(two.lines, ["Hi, how can I help?"]);
  assert.deepEqual(two.socket.protocols, ["loquent.v2"]);
});
