/** Several tabs share one visitor: one conversation, one outbox, one reset. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { line, session } from "./support/socket.js";
import { share } from "./support/tabs.js";

async function twoTabs(data = {}) {
  const tabs = [openPage(), openPage()];
  share(...tabs);
  for (const tab of tabs) await tab.embed("wid_one", data);
  return tabs;
}

/** Two tabs whose panels are open and connected. */
async function twoTalking(token = "wst_one") {
  const tabs = await twoTabs();
  tabs[0].click("Open chat");
  for (const tab of tabs) {
    tab.socket.accept().say(session({ session_token: token }));
    tab.draw();
  }
  return tabs;
}

const ack = (frame, seq = 1) => ({
  ...{ type: "ack", client_message_id: frame.client_message_id, id: `u${seq}`, seq },
  created_at: "2026-11-22T10:00:01.000000Z",
});
const stored = (page, name) => page.win.localStorage.getItem(`loquent:wid_one:${name}`);
const GREETING = "Hi, how can I help?";

test("of two tabs that start simultaneously, the second joins the conversation of the first", async () => {
  const [one, two] = await twoTabs();
  one.click("Open chat");
  assert.deepEqual([one.socket.protocols, two.socket.protocols], [["loquent.v2"], ["loquent.v2"]]);
  one.socket.accept().say(session({ session_token: "wst_first" }));
  one.write("Where is my order?");
  one.socket.say(ack(one.socket.sent.at(-1)));
  two.socket.accept().say(session({ session_token: "wst_second" }));
  assert.equal(stored(two, "token"), "wst_first");
  assert.deepEqual(two.socket.protocols, ["loquent.v2", "loquent.token.wst_first"]);
  for (const tab of [one, two]) tab.clock.tick(2000);
  assert.equal(one.sockets.length, 1);
  one.draw();
  assert.deepEqual(one.lines, [GREETING, "Where is my order?"]);
  two.socket.accept().say(session({ session_token: "wst_first", resumed: true }));
  assert.equal(two.sockets.length, 2);
});

test("a token that has expired in two tabs is replaced by one", async () => {
  const [one, two] = await twoTalking();
  for (const tab of [one, two]) {
    tab.socket.drop();
    tab.clock.tick(1000);
  }
  one.socket.accept().say(session({ session_token: "wst_new_a" }));
  two.socket.accept().say(session({ session_token: "wst_new_b" }));
  assert.equal(stored(one, "token"), "wst_new_a");
  assert.deepEqual(two.socket.protocols, ["loquent.v2", "loquent.token.wst_new_a"]);
});

test("a conversation started in another tab is requested from its first message", async () => {
  const [one, two] = await twoTalking("wst_old");
  const messages = [line("user", "Hello", { seq: 1 }), line("assistant", "Hi", { seq: 2 })];
  for (const tab of [one, two]) tab.socket.say({ type: "history", messages, complete: true });
  one.socket.drop(4408);
  one.draw();
  two.socket.say(session({ session_token: "wst_new" }));
  one.key(one.get("dialog"), "a");
  assert.deepEqual(one.socket.protocols, ["loquent.v2", "loquent.token.wst_new"]);
  assert.doesNotMatch(one.socket.url, /last_seq/);
});

for (const asleep of [true, false]) {
  test(`a reset reaches a tab that is ${asleep ? "asleep" : "about to send"}`, async () => {
    const [one, two] = await twoTalking("wst_ann");
    const messages = [line("user", "I am Ann", { seq: 1 })];
    two.socket.say({ type: "history", messages, complete: true });
    if (asleep) two.socket.drop(4408);
    else two.write("My number is 1234");
    two.type("Message", "My card is");
    two.draw();
    one.win.Loquent.reset();
    one.socket.accept().say(session({ session_token: "wst_next" }));
    two.socket.accept().say(session({ session_token: "wst_next", resumed: true }));
    for (const tab of [one, two]) tab.clock.tick(5000);
    two.draw();
    assert.deepEqual(two.lines, [GREETING]);
    assert.deepEqual(two.socket.sent, []);
    assert.equal(two.get("textbox", "Message").value, "");
    assert.doesNotMatch(JSON.stringify({ ...two.win.sessionStorage }), /1234|card/);
    assert.deepEqual([stored(two, "token"), stored(two, "outbox")], ["wst_next", null]);
  });
}

test("a reset in another tab clears the draft of a tab without the chat", async () => {
  const [one, two] = await twoTabs();
  two.win.sessionStorage.setItem("loquent:wid_one:draft", '{"text":"My card is"}');
  one.win.Loquent.reset();
  assert.equal(two.win.sessionStorage.getItem("loquent:wid_one:draft"), null);
  assert.equal(stored(one, "reset"), null);
});

test("the next tab that connects sends what a closed tab could not", async () => {
  const [one, two] = await twoTalking();
  for (const tab of [one, two]) {
    tab.go(false);
    tab.socket.drop();
  }
  one.write("typed offline");
  one.win.Loquent.destroy();
  two.go(true);
  two.clock.tick(1000);
  two.socket.accept().say(session({ resumed: true }));
  assert.deepEqual(
    two.socket.sent.map(({ content }) => content),
    ["typed offline"],
  );
  two.socket.say(ack(two.socket.sent[0]));
  two.draw();
  assert.deepEqual(two.lines, [GREETING, "typed offline"]);
  assert.equal(stored(two, "outbox"), null);
});

test("a failed message resent from another tab appears once", async () => {
  const [one, two] = await twoTabs();
  one.win.Loquent.open();
  one.draw();
  one.socket.accept().say(session());
  one.write("Hello");
  const { client_message_id } = one.socket.sent.at(-1);
  one.socket.say({ type: "error", code: "message_too_long", message: "Long.", client_message_id });
  one.draw();
  two.win.Loquent.open();
  two.draw();
  two.socket.accept().say(session({ resumed: true }));
  two.draw();
  assert.equal(two.all("button").filter(({ textContent }) => textContent === "Retry").length, 1);
  one.click("Retry");
  const again = ack({ client_message_id });
  one.socket.say(again);
  two.socket.say({ type: "message", ...line("user", "Hello", { id: again.id, seq: 1 }) });
  for (const tab of [one, two]) {
    tab.draw();
    assert.deepEqual(tab.lines, [GREETING, "Hello"]);
  }
  assert.equal(stored(two, "outbox"), null);
});
