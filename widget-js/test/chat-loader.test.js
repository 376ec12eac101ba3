import assert from "node:assert/strict";
import { test } from "node:test";
import * as chatRuntime from "../src/chat-runtime.js";
import { openPage, settle } from "./support/page.js";
import { session } from "./support/socket.js";

const german = { default: { close: "Schließen", message: "Nachricht" } };

/** A page whose chunks arrive when the test says so. */
async function cold(data = {}, options = {}) {
  /** @type {{ name: string, attempt: number, come(module: any): void, fail(): void }[]} */
  const asked = [];
  const fetchChunk = (_base, name, attempt) =>
    new Promise((come, no) => asked.push({ name, attempt, come, fail: () => no(new Error()) }));
  const page = openPage({ fetchChunk, ...options });
  await page.embed("wid_one", data, { cold: true });
  const answer = async (index, module) => {
    if (module) asked[index].come(module);
    else asked[index].fail();
    for (let n = 0; n < 3; n++) await settle();
    page.draw();
  };
  return { page, asked, answer };
}

const launcherOf = (page) => page.root.querySelector(".launcher");

test("pointerdown fetches the chat, and the click waits for it", async () => {
  const { page, asked, answer } = await cold();
  launcherOf(page).dispatchEvent(new page.win.Event("pointerdown"));
  assert.equal(asked.length, 1);
  page.click("Open chat");
  assert.equal(asked.length, 1);
  assert.equal(launcherOf(page).getAttribute("aria-busy"), "true");
  await answer(0, chatRuntime);
  assert.equal(page.all("dialog").length, 1);
  assert.equal(launcherOf(page).hasAttribute("aria-busy"), false);
});

test("a message of an earlier page is sent without progress on the launcher", async () => {
  const local = { "loquent:wid_one:outbox": '[{"cid":"c_1","content":"Hello"}]' };
  const { page, asked, answer } = await cold({}, { local });
  assert.equal(asked.length, 1);
  assert.equal(launcherOf(page).hasAttribute("aria-busy"), false);
  await answer(0);
  assert.equal(page.text("status"), "");
  page.click("Open chat");
  assert.equal(launcherOf(page).getAttribute("aria-busy"), "true");
  page.click("Open chat");
  page.win.Loquent.close();
  assert.equal(launcherOf(page).hasAttribute("aria-busy"), false);
  await answer(asked.length - 1, chatRuntime);
  assert.equal(page.all("dialog").length, 0);
  assert.equal(page.sockets.length, 1);
  page.win.Loquent.destroy();
  assert.equal(page.clock.pending, 0);
});

test("a failed file is reported by a toast and an event, and requested from another address", async () => {
  const { page, asked, answer } = await cold();
  const errors = [];
  page.win.Loquent.on("error", ({ code }) => errors.push(code));
  page.click("Open chat");
  await answer(0);
  assert.match(page.text("status"), /can’t be loaded/);
  page.clock.tick(1000);
  assert.deepEqual(
    asked.map(({ attempt }) => attempt),
    [0, 1],
  );
  await answer(1);
  page.clock.tick(2700);
  assert.equal(asked.length, 2);
  page.clock.tick(100);
  await answer(2, chatRuntime);
  assert.equal(page.all("dialog").length, 1);
  assert.doesNotMatch(page.text("status"), /can’t be loaded/);
  assert.deepEqual(errors, ["unavailable"]);
});

test("a failure refreshes the cached script for the next page", async () => {
  const { page, answer } = await cold();
  page.click("Open chat");
  await answer(0);
  assert.deepEqual(page.requests.slice(1), [
    {
      url: "https://chat.example/api/widget/embed.js",
      credentials: "omit",
      cache: "no-cache",
    },
  ]);
});

for (const [way, act] of [
  ["another click", (page) => page.click("Open chat")],
  ["the network's return", (page) => page.go(true)],
]) {
  test(`${way} retries immediately`, async () => {
    const { page, asked, answer } = await cold();
    page.click("Open chat");
    await answer(0);
    act(page);
    assert.equal(asked.length, 2);
    await answer(1, chatRuntime);
    assert.equal(page.all("dialog").length, 1);
  });
}

test("a file that does not arrive is requested again, and the first to arrive is used", async () => {
  const { page, asked, answer } = await cold();
  page.click("Open chat");
  page.clock.tick(20_000);
  assert.match(page.text("status"), /can’t be loaded/);
  page.clock.tick(1000);
  assert.equal(asked[1].attempt, 1);
  await answer(0, chatRuntime);
  assert.equal(page.all("dialog").length, 1);
  await answer(1);
  page.clock.tick(60_000);
  assert.equal(asked.length, 2);
});

for (const method of ["close", "destroy"]) {
  test(`${method} stops the retries`, async () => {
    const { page, asked, answer } = await cold();
    page.click("Open chat");
    await answer(0);
    page.win.Loquent[method]();
    assert.equal(page.clock.pending, 0);
    page.go(true);
    assert.equal(asked.length, 1);
    assert.equal(page.sockets.length, 0);
  });
}

test("queued messages are sent even if the panel is closed while the chat loads", async () => {
  const { page, answer } = await cold();
  page.win.Loquent.send("Hello");
  page.win.Loquent.open();
  await answer(0);
  page.win.Loquent.close();
  page.clock.tick(1000);
  await answer(1, chatRuntime);
  assert.equal(page.all("dialog").length, 0);
  page.socket.accept().say(session());
  assert.equal(page.socket.sent[0].content, "Hello");
});

test("prefill and identify load nothing and open no socket; the first click applies them", async () => {
  const { page, asked, answer } = await cold({}, { config: { contact_info_mode: "optional" } });
  page.win.Loquent.prefill("My order");
  page.win.Loquent.identify({ name: "Jane", phone: null, more: "x" });
  assert.equal(asked.length, 0);
  page.click("Open chat");
  await answer(0, chatRuntime);
  assert.equal(page.get("textbox", "Message").value, "My order");
  page.socket.accept().say(session());
  assert.deepEqual(page.socket.sent, [{ type: "contact_info", name: "Jane" }]);
});

test("the chat speaks English until the strings of its language arrive", async () => {
  const { page, asked, answer } = await cold({ locale: "de" });
  page.click("Chat öffnen");
  assert.deepEqual(
    asked.map(({ name }) => name),
    ["de", "chat"],
  );
  await answer(1, chatRuntime);
  assert.equal(page.all("dialog").length, 0);
  page.clock.tick(2000);
  page.draw();
  page.type("Message", "half a");
  await answer(0, german);
  assert.equal(page.get("textbox", "Nachricht").value, "half a");
});

test("the chat works if a language can't be loaded", async () => {
  const { page, asked, answer } = await cold({ locale: "de" });
  page.click("Chat öffnen");
  await answer(1, chatRuntime);
  await answer(0);
  assert.ok(page.get("textbox", "Message"));
  assert.equal(asked[2].name, "de");
  await answer(2);
  assert.ok(page.get("textbox", "Message"));
  assert.equal(asked.length, 3);
});

test("a language chosen while the chat loads is used", async () => {
  const { page, asked, answer } = await cold({ locale: "de" });
  page.click("Chat öffnen");
  page.win.Loquent.setLocale("fr");
  await answer(1, chatRuntime);
  await answer(0, german);
  assert.equal(page.all("textbox", "Nachricht").length, 0);
  assert.equal(asked[2].name, "fr");
  await answer(2, { default: { message: "Message FR" } });
  assert.ok(page.get("textbox", "Message FR"));
});
