import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { line, session } from "./support/socket.js";

const KEY = "loquent:wid_one:outbox";

async function started(options = {}) {
  const page = openPage({ config: { greeting: null }, ...options });
  await page.embed();
  page.start();
  return page;
}

const ack = (frame, seq = 1) => ({
  ...{ type: "ack", client_message_id: frame.client_message_id, id: `id-${seq}`, seq },
  created_at: "2026-11-22T10:00:00.000000Z",
});
const refusal = (frame, code, more = {}) => ({
  ...{ type: "error", code, message: `No: ${code}`, client_message_id: frame.client_message_id },
  ...more,
});
const stored = (page) => JSON.parse(page.win.localStorage.getItem(KEY) ?? "[]");
const statusOf = (page, index = 0) =>
  page.get("log").children[index].querySelector(".status")?.textContent;

test("a message shows that it is being sent until it is acknowledged", async () => {
  const page = await started();
  page.write("Hello");
  assert.equal(statusOf(page), "Sending…");
  assert.deepEqual(
    stored(page).map(({ content }) => content),
    ["Hello"],
  );
  const node = page.get("log").firstElementChild;
  page.socket.say(ack(page.socket.sent[0]));
  page.draw();
  assert.equal(statusOf(page), "");
  assert.deepEqual(page.lines, ["Hello"]);
  assert.equal(page.get("log").firstElementChild, node);
  assert.equal(page.win.localStorage.getItem(KEY), null);
});

test("without an ack it is sent again after a reconnect, with the same key, seen once", async () => {
  const page = await started();
  page.write("Hello");
  const [first] = page.socket.sent;
  page.socket.drop();
  page.draw();
  assert.equal(statusOf(page), "Waiting…");
  page.clock.tick(1000);
  page.socket.accept().say(session({ resumed: true }));
  page.draw();
  assert.deepEqual(page.socket.sent, [first]);
  page.socket.say(ack(first), ack(first));
  page.draw();
  assert.deepEqual(page.lines, ["Hello"]);
});

test("messages that the previous page could not send are sent with the panel closed", async () => {
  const entry = { cid: "c_1", content: "Hello" };
  const page = openPage({ local: { [KEY]: JSON.stringify([entry]) } });
  await page.embed();
  page.socket.accept().say(session({ resumed: true }));
  assert.deepEqual(
    page.socket.sent.filter(({ type }) => type === "message"),
    [{ type: "message", content: "Hello", client_message_id: "c_1" }],
  );
  page.socket.say(ack(page.socket.sent.find(({ type }) => type === "message")));
  page.draw();
  assert.deepEqual(stored(page), []);
  assert.equal(page.all("dialog").length, 0);
  assert.equal(page.win.sessionStorage.getItem("loquent:wid_one:open"), null);
});

test("refused or invalid stored messages open no connection", async () => {
  for (const text of ['[{"cid":"c_1","content":"Hello","failed":"Too long"}]', "[]", "no JSON"]) {
    const page = openPage({ local: { [KEY]: text } });
    await page.embed();
    assert.equal(page.sockets.length, 0);
    assert.ok(page.get("button", "Open chat"));
  }
});

test("a message in the history is not sent again", async () => {
  const page = await started();
  page.write("Hello");
  const { client_message_id: key } = page.socket.sent[0];
  page.socket.drop();
  page.clock.tick(1000);
  const known = line("user", "Hello", { seq: 1, client_message_id: key });
  page.socket.accept().say(session({ resumed: true }));
  const before = page.socket.sent.length;
  page.socket.say({ type: "history", messages: [known], complete: true });
  page.draw();
  assert.ok(page.socket.sent.length <= before);
  assert.deepEqual(page.lines, ["Hello"]);
  assert.equal(page.win.localStorage.getItem(KEY), null);
});

test("a reload keeps what was not acknowledged, and sends it with its key", async () => {
  const page = await started();
  page.write("Hello");
  const local = { [KEY]: page.win.localStorage.getItem(KEY), "loquent:wid_one:token": "wst_one" };
  const next = await started({ local });
  assert.deepEqual(next.socket.sent, page.socket.sent);
  assert.deepEqual(next.lines, ["Hello"]);
});

test("messages written offline are sent in order", async () => {
  const page = await started();
  page.socket.drop();
  page.go(false);
  page.write("one");
  page.write("two");
  assert.equal(statusOf(page, 0), "Offline");
  page.go(true);
  page.socket.accept().say(session({ resumed: true }));
  page.draw();
  assert.deepEqual(
    page.socket.sent.map(({ content }) => content),
    ["one", "two"],
  );
});

test("another tab's entries in storage are left alone", async () => {
  const page = await started();
  const foreign = { cid: "c_other", content: "from another tab" };
  page.win.localStorage.setItem(KEY, JSON.stringify([foreign]));
  page.write("mine");
  page.socket.say(ack(page.socket.sent[0]));
  assert.deepEqual(stored(page), [foreign]);
});

for (const code of ["rate_limited", "internal"]) {
  test(`${code}: waits for retry_after, then sends the message again`, async () => {
    const page = await started();
    page.write("Hello");
    const [first] = page.socket.sent;
    page.socket.say(refusal(first, code, { retry_after: 3 }));
    page.draw();
    assert.equal(statusOf(page), "Waiting…");
    page.write("behind it");
    assert.equal(page.socket.sent.length, 1);
    page.clock.tick(3000);
    assert.deepEqual(
      page.socket.sent.map(({ content }) => content),
      ["Hello", "Hello", "behind it"],
    );
    assert.equal(page.socket.sent[1].client_message_id, first.client_message_id);
  });
}

test("busy: the message is sent when the previous turn has ended", async () => {
  const page = await started();
  page.write("Hello");
  page.socket.say(refusal(page.socket.sent[0], "busy"), { type: "typing_stop" });
  assert.equal(page.socket.sent.length, 2);
});

test("retries end after a number of tries", async () => {
  const page = await started();
  page.write("Hello");
  for (let n = 0; n < 12; n++) {
    page.socket.say(refusal(page.socket.sent.at(-1), "rate_limited", { retry_after: 1 }));
    page.clock.tick(1000);
  }
  page.draw();
  assert.equal(page.socket.sent.length, 9);
  assert.ok(page.get("button", "Retry"));
});

for (const [code, more] of [
  ["message_too_long", {}],
  ["message_too_long", {}],
  ["internal", {}],
  ["rate_limited", { retry_after: 7200 }],
]) {
  test(`${code}: shows the reason and offers a retry`, async () => {
    const page = await started();
    page.write("Hello");
    const [first] = page.socket.sent;
    page.socket.say(refusal(first, code, more));
    page.draw();
    assert.equal(statusOf(page), `No: ${code}`);
    assert.deepEqual(
      stored(page).map(({ failed }) => failed),
      [`No: ${code}`],
    );
    page.clock.tick(20_000);
    assert.equal(page.socket.sent.filter(({ type }) => type === "message").length, 1);
    page.click("Retry");
    const again = page.sockets.flatMap(({ sent }) => sent).filter(({ type }) => type === "message");
    assert.deepEqual(again, [first, first]);
  });
}

test("a refused message can be put back into the box, before what is typed there", async () => {
  const page = await started();
  page.write("Hello");
  page.socket.say(refusal(page.socket.sent[0], "message_too_long"));
  page.type("Message", "and more");
  page.draw();
  page.click("Edit");
  assert.equal(page.get("textbox", "Message").value, "Hello\nand more");
  assert.deepEqual(page.lines, []);
  assert.equal(page.win.localStorage.getItem(KEY), null);
});

test("a refused message does not block the next one", async () => {
  const page = await started();
  page.write("one");
  page.socket.say(refusal(page.socket.sent[0], "message_too_long"));
  page.write("two");
  assert.deepEqual(
    page.socket.sent.map(({ content }) => content),
    ["one", "two"],
  );
});

test("an error of the conversation is shown above the box until the next message", async () => {
  const page = await started();
  page.socket.say({ type: "error", code: "internal", message: "Something broke." });
  page.draw();
  assert.match(page.text("alert"), /Something broke/);
  page.write("Hello");
  assert.doesNotMatch(page.text("alert"), /Something broke/);
});

test("after an idle close the next message reconnects", async () => {
  const page = await started();
  page.socket.drop(4408);
  page.draw();
  page.write("Hello");
  assert.equal(page.sockets.length, 2);
  page.socket.accept().say(session({ resumed: true }));
  assert.deepEqual(
    page.socket.sent.map(({ content }) => content),
    ["Hello"],
  );
});

test("the tabs of a site follow one session", async () => {
  const page = await started();
  page.win.localStorage.setItem("loquent:wid_one:token", "wst_two");
  page.win.dispatchEvent(
    new page.win.StorageEvent("storage", { key: "loquent:wid_one:token", newValue: "wst_two" }),
  );
  page.clock.tick(1000);
  assert.equal(page.sockets.length, 2);
  assert.deepEqual(page.socket.protocols, ["loquent.v2", "loquent.token.wst_two"]);
});
