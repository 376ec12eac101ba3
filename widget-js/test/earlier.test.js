/** "Earlier conversations": copies in this browser of conversations that have ended. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as chatRuntime from "../src/chat-runtime.js";
import { readEarlier, writeEarlier } from "../src/more/earlier/store.js";
import * as more from "../src/more.js";
import { openPage, settle } from "./support/page.js";
import { line, session } from "./support/socket.js";

const KEY = "loquent:wid_one:earlier";
const history = (...messages) => ({ type: "history", messages, complete: true });
const kept = (page) => JSON.parse(page.win.localStorage.getItem(KEY) ?? "[]");
const sheet = (page) => page.root.querySelector(".sheet:not([hidden])");

async function started(...messages) {
  const page = openPage();
  await page.embed();
  page.start({}, history(...messages));
  return page;
}

/** Start a new conversation, and let the server answer. */
function renew(page, token = "wst_two") {
  page.click("Menu");
  page.click("New conversation");
  page.socket.say(session({ session_token: token }));
  page.draw();
}

function openList(page) {
  page.click("Menu");
  page.click("Earlier conversations");
}

test("an ended conversation can be read, and the way back leads through the list", async () => {
  const page = await started(
    line("user", "My order is 4711", { seq: 1 }),
    line("assistant", "It is **on its way**", {
      seq: 2,
      sources: [{ title: "", url: "https://a.example/" }],
    }),
  );
  renew(page);
  assert.deepEqual(page.lines, ["Hi, how can I help?"]);
  assert.equal(sheet(page), null);
  openList(page);
  const [row] = sheet(page).querySelectorAll("li button");
  assert.match(row.textContent, /^My order is 4711/);
  row.click();
  page.draw();
  const texts = [...sheet(page).querySelectorAll(".bubble")].map((each) => each.textContent);
  assert.deepEqual(texts, ["My order is 4711", "It is on its waySourceshttps://a.example/"]);
  assert.match(sheet(page).textContent, /This conversation has ended\./);
  assert.equal(sheet(page).querySelectorAll(".tools").length, 0);
  assert.equal(page.get("log").querySelectorAll(".bubble").length, 2);
  page.click("Earlier conversations");
  assert.equal(sheet(page).querySelectorAll("li").length, 1);
  page.key(page.root.activeElement, "Escape");
  assert.equal(sheet(page), null);
  assert.ok(page.get("dialog"));
});

test("a new conversation offers the previous one to read, until its first message", async () => {
  const page = await started(line("user", "old", { seq: 1 }));
  assert.equal(page.all("button", "Earlier conversations").length, 0);
  renew(page);
  assert.match(page.text("status"), /New conversation/);
  page.click("Read the previous conversation");
  assert.equal(sheet(page).querySelector(".bubble").textContent, "old");
  page.click("Earlier conversations");
  page.click("Back to the chat");
  page.write("new");
  assert.equal(page.all("button", "Read the previous conversation").length, 0);
  assert.doesNotMatch(page.text("status"), /New/);
});

test("New conversation is offered once there is something to end", async () => {
  const page = await started();
  page.click("Menu");
  assert.equal(page.all("button", "New conversation").length, 0);
  assert.equal(page.all("button", "Earlier conversations").length, 0);
});

test("a conversation that the server has ended is kept, one without a question is not", async () => {
  const page = await started(line("user", "old", { seq: 1 }));
  page.socket.drop();
  page.clock.tick(60_000);
  page.socket.accept().say(session({ session_token: "wst_two" }));
  page.draw();
  assert.deepEqual(
    kept(page)[0].messages.map(({ content }) => content),
    ["old"],
  );
  page.socket.say(history(line("assistant", "Hello?", { seq: 1 })));
  page.socket.say(session({ session_token: "wst_three" }));
  assert.equal(kept(page).length, 1);
});

test("the copy holds what is shown, and no token", async () => {
  const page = openPage({ local: { "loquent:wid_one:token": "wst_secret_0123456789" } });
  await page.embed();
  page.start(
    { session_token: "wst_secret_0123456789" },
    history(line("user", "old", { seq: 1, id: "secret-id" })),
  );
  renew(page);
  const text = page.win.localStorage.getItem(KEY);
  assert.match(text, /"old"/);
  assert.doesNotMatch(text, /wst_|secret/);
});

test("reset removes the copies, in this tab and in those that come later", async () => {
  const page = await started(line("user", "old", { seq: 1 }));
  renew(page);
  assert.equal(kept(page).length, 1);
  page.win.Loquent.reset();
  page.draw();
  assert.deepEqual(kept(page), []);
  page.socket.accept().say(session({ session_token: "wst_three" }));
  page.draw();
  page.click("Menu");
  assert.equal(page.all("button", "Earlier conversations").length, 0);
  assert.deepEqual(kept(page), []);
});

test("a copy that would be written after reset is not", async () => {
  let arrive = () => {};
  const page = openPage({
    fetchChunk: (_base, name) =>
      name === "chat" ? Promise.resolve(chatRuntime) : new Promise((done) => (arrive = done)),
  });
  await page.chunks.load("https://chat.example", "chat");
  await page.embed("wid_one", {}, { cold: true });
  page.start({}, history(line("user", "old", { seq: 1 })));
  page.socket.say(session({ session_token: "wst_two" }));
  page.win.Loquent.reset();
  arrive(more);
  await settle();
  page.draw();
  assert.deepEqual(kept(page), []);
});

test("a copy can be deleted", async () => {
  const page = await started(line("user", "first", { seq: 1 }));
  renew(page);
  page.socket.say(history(line("user", "second", { seq: 1 })));
  page.draw();
  renew(page, "wst_three_long");
  openList(page);
  const rows = () => [...sheet(page).querySelectorAll("li button span:first-child")];
  assert.deepEqual(
    rows().map((each) => each.textContent),
    ["second", "first"],
  );
  for (const left of [1, 0]) {
    sheet(page).querySelector("li button").click();
    page.click("Delete from this browser");
    assert.equal(kept(page).length, left);
  }
  assert.equal(sheet(page), null);
});

const box = () => {
  const values = {};
  return {
    get: (name) => values[name] ?? null,
    set: (name, value) => {
      values[name] = value;
    },
  };
};
const message = (content) => ({ role: "user", content, status: "complete", sources: [] });

test("the copies are limited in number, size and age", () => {
  const local = box();
  const now = Date.UTC(2026, 10, 30);
  const many = Array.from({ length: 12 }, (_, at) => ({
    ...{ of: `${at}`, at: now - at, messages: [message("a")] },
  }));
  writeEarlier(local, many, JSON.stringify);
  assert.deepEqual(
    readEarlier(local, now).map(({ of }) => of),
    [..."0123456789"],
  );
  const long = {
    of: "x",
    at: now,
    messages: Array.from({ length: 60 }, (_, at) => message(`${at} ${"ä".repeat(4000)}`)),
  };
  writeEarlier(local, [long, ...many], JSON.stringify);
  assert.ok(local.get("earlier").length <= 100_000);
  const [{ of, messages }, ...others] = readEarlier(local, now);
  assert.equal(of, "x");
  assert.match(messages.at(-1).content, /^59 /);
  assert.deepEqual(others, []);
  assert.deepEqual(readEarlier(local, now + 31 * 86_400_000), []);
  writeEarlier(local, [], JSON.stringify);
  assert.equal(local.get("earlier"), null);
});

for (const broken of ["{", "7", "[null]", '[{"messages":7}]', '[{"messages":[null]}]', "{}"])
  test(`a broken copy counts as none: ${broken}`, () => {
    const local = box();
    local.set("earlier", broken);
    assert.deepEqual(readEarlier(local, 0), []);
  });

test("a person's words keep the name in the copy", async () => {
  const page = await started(
    line("user", "Is anyone there?", { seq: 1 }),
    line("staff", "I am.", { seq: 2, author: { name: "Mia" }, kind: "text" }),
  );
  renew(page);
  page.click("Read the previous conversation");
  const [, said] = sheet(page).querySelectorAll("[role=article]");
  assert.match(said.getAttribute("aria-label"), /^Mia, /);
  assert.match(said.textContent, /Mia:.*I am\.$/);
});
