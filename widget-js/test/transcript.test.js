import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { line, session } from "./support/socket.js";

async function started(...more) {
  const page = openPage({ config: { greeting: null } });
  await page.embed();
  page.start({}, ...more);
  return page;
}

const start = (id = "a1") => ({ type: "typing_start", message_id: id });
const delta = (content, offset, id = "a1") => ({ type: "delta", message_id: id, offset, content });
const final = (content, more = {}) => ({
  ...{ type: "message", role: "assistant", content, id: "a1", seq: 2 },
  ...{ created_at: "2026-11-22T10:00:01.000000Z", status: "complete", sources: [] },
  ...more,
});
const stop = { type: "typing_stop" };

/** The streaming answer, which is not announced. */
const growing = (page) => {
  const box = page.root.querySelector("[aria-busy] .bubble");
  return box && !box.closest("[hidden]") ? box.textContent : null;
};

test("an answer streams in its place, and is in the log once", async () => {
  const page = await started(start());
  assert.equal(growing(page), null);
  assert.ok(page.get("button", "Stop answering"));
  page.socket.say(delta("Hello ", 0), delta("**wor", 6));
  page.draw();
  assert.equal(growing(page), "Hello wor");
  assert.deepEqual(page.lines, []);
  page.socket.say(final("Hello **world**"));
  page.draw();
  assert.deepEqual(page.lines, ["Hello world"]);
  assert.equal(growing(page), null);
  assert.equal(page.all("button", "Stop answering").length, 0);
  page.socket.say(stop);
  page.draw();
  assert.deepEqual(page.lines, ["Hello world"]);
});

test("text is revealed frame by frame, or immediately with reduced motion", async () => {
  const page = await started(start());
  page.socket.say(delta("x".repeat(80), 0));
  page.clock.tick(16);
  page.clock.tick(16);
  const soon = growing(page)?.length ?? 0;
  assert.ok(soon > 0 && soon < 80, `${soon}`);
  page.clock.tick(1000);
  assert.equal(growing(page).length, 80);
});

test("deltas after a gap are ignored until the final message; offset 0 restarts", async () => {
  const page = await started(start(), delta("abc", 0), delta("xyz", 9), delta("def", 3));
  assert.equal(growing(page), "abcdef");
  page.socket.say(delta("other", 0, "another turn"));
  page.draw();
  assert.equal(growing(page), "abcdef");
  page.socket.say(delta("fresh", 0));
  page.draw();
  assert.equal(growing(page), "fresh");
});

test("stop sends one frame, and a stopped answer says so", async () => {
  const page = await started(start(), delta("Half", 0));
  page.get("button", "Stop answering").focus();
  page.click("Stop answering");
  assert.equal(page.root.activeElement, page.get("textbox", "Message"));
  assert.deepEqual(page.socket.sent, [{ type: "stop" }]);
  assert.equal(page.get("button", "Stop answering").disabled, true);
  page.socket.say(final("Half", { status: "stopped" }), stop);
  page.draw();
  assert.match(page.text("log"), /HalfStopped/);
});

test("an answer that was cut off says that it is not complete", async () => {
  const page = await started(start(), delta("Half", 0));
  page.socket.say(final("Half", { status: "cut" }), stop);
  page.draw();
  assert.match(page.text("log"), /HalfThis answer is not complete\./);
});

test("a turn without text leaves nothing in the log", async () => {
  const page = await started(start());
  page.socket.say(stop);
  page.draw();
  assert.deepEqual(page.lines, []);
  assert.equal(page.all("button", "Stop answering").length, 0);
});

test("a failed turn shows the server's message in the log", async () => {
  const page = await started(line("user", "Hi", { seq: 1 }));
  page.socket.say(start(), {
    ...{
      type: "error",
      code: "agent_unavailable",
      message: "Sorry, not now.",
      client_message_id: "c_x",
    },
  });
  page.socket.say(stop);
  page.draw();
  assert.deepEqual(page.lines, ["Sorry, not now."]);
});

test("history is shown once, in the order of seq, even if it is replayed", async () => {
  const one = line("user", "Hi", { seq: 1, client_message_id: "c_1" });
  const two = line("assistant", "Hello", { seq: 2 });
  const page = await started({ type: "history", messages: [two, one], complete: true });
  assert.deepEqual(page.lines, ["Hi", "Hello"]);
  const nodes = [...page.get("log").querySelectorAll(".line:not(.growing)")];
  page.socket.drop();
  page.clock.tick(1000);
  assert.match(page.socket.url, /\?last_seq=1$/);
  const three = line("user", "More", { seq: 3 });
  page.socket
    .accept()
    .say(session({ resumed: true }), { type: "history", messages: [two, three], complete: true });
  page.socket.say({ type: "message", ...three }, { type: "message", ...two });
  page.draw();
  assert.deepEqual(page.lines, ["Hi", "Hello", "More"]);
  assert.deepEqual([...page.get("log").children].slice(0, 2), nodes);
});

test("replayed messages are not announced, new ones are", async () => {
  const page = await started({
    type: "history",
    messages: [line("user", "Hi", { seq: 1 })],
    complete: true,
  });
  assert.equal(page.get("log").getAttribute("aria-live"), "off");
  page.socket.say(start(), final("Hello"));
  page.draw();
  assert.equal(page.get("log").getAttribute("aria-live"), "polite");
});

test("after a gap it requests everything from before the gap", async () => {
  const page = await started({
    type: "history",
    messages: [line("user", "a", { seq: 4 })],
    complete: false,
  });
  page.socket.say({ type: "message", ...line("assistant", "c", { seq: 6 }) });
  page.socket.drop();
  page.clock.tick(1000);
  assert.match(page.socket.url, /\?last_seq=4$/);
});

test("an incomplete history replaces the log and says that there is more", async () => {
  const page = await started({
    type: "history",
    messages: [line("user", "old", { seq: 1 })],
    complete: true,
  });
  page.socket.drop();
  page.clock.tick(1000);
  page.socket.accept().say(session(), {
    ...{ type: "history", complete: false, messages: [line("user", "new", { seq: 90 })] },
  });
  page.draw();
  assert.deepEqual(page.lines, ["new"]);
  assert.match(page.get("dialog").textContent, /Earlier messages are not shown/);
});

test("reconnecting during an answer continues it", async () => {
  const page = await started(start(), delta("Hello wo", 0));
  page.socket.drop();
  page.clock.tick(1000);
  page.socket.accept().say(session({ resumed: true }), start(), delta("Hello world, and", 0));
  page.draw();
  assert.equal(growing(page), "Hello world, and");
  page.socket.say(delta(" more", 16));
  page.draw();
  assert.equal(growing(page), "Hello world, and more");
});

test("a session without the turn removes the typing dots", async () => {
  const page = await started(start());
  page.socket.drop();
  page.clock.tick(1000);
  page.socket.accept().say(session({ resumed: true }));
  page.draw();
  assert.equal(page.root.querySelector(".dots").closest("[hidden]") !== null, true);
});

test("a new conversation clears the transcript in every tab and stores the new token", async () => {
  const page = await started({
    type: "history",
    messages: [line("user", "old", { seq: 1 })],
    complete: true,
  });
  page.click("Menu");
  page.click("New conversation");
  assert.deepEqual(page.socket.sent, [{ type: "new_conversation" }]);
  page.socket.say(session({ session_token: "wst_two" }));
  page.draw();
  assert.deepEqual(page.lines, []);
  assert.equal(page.win.localStorage.getItem("loquent:wid_one:token"), "wst_two");
  assert.equal(page.root.activeElement, page.get("textbox", "Message"));
});

test("feedback can be given, changed and withdrawn", async () => {
  const page = await started({
    type: "history",
    messages: [line("assistant", "Hello", { id: "m1", seq: 1 })],
    complete: true,
  });
  const pressed = () =>
    ["Good answer", "Bad answer"].map((name) =>
      page.get("button", name).getAttribute("aria-pressed"),
    );
  page.click("Good answer");
  assert.deepEqual(pressed(), ["true", "false"]);
  page.click("Bad answer");
  assert.deepEqual(pressed(), ["false", "true"]);
  page.click("Bad answer");
  assert.deepEqual(pressed(), ["false", "false"]);
  assert.deepEqual(
    page.socket.sent.map(({ type, message_id, rating }) => [type, message_id, rating]),
    [
      ["feedback", "m1", "up"],
      ["feedback", "m1", "down"],
      ["feedback", "m1", null],
    ],
  );
});

test("sources are links; invalid addresses are shown as text", async () => {
  const page = await started(start());
  page.socket.say(
    final("Yes", {
      sources: [
        { title: "Shipping", url: "https://x.example/s" },
        { title: "Bad", url: "javascript:alert(1)" },
      ],
    }),
  );
  page.draw();
  const links = [...page.root.querySelectorAll(".sources a")];
  assert.deepEqual(
    links.map((each) => [each.textContent, each.href]),
    [["Shipping", "https://x.example/s"]],
  );
  assert.match(page.text("log"), /Bad/);
});

test("numbers that an answer cites are links to their sources", async () => {
  const page = await started(start());
  page.socket.say(
    final("It costs 5 euros [1][2], see `[1]` and [3].\n\n```\n[2]", {
      sources: [
        { title: "Shipping", url: "https://x.example/s" },
        { title: "Prices", url: "https://x.example/p?a=1&b=(2)" },
      ],
    }),
  );
  page.draw();
  const links = [...page.root.querySelectorAll(".bubble > p a")];
  assert.deepEqual(
    links.map((each) => [each.textContent, each.href, each.rel]),
    [
      ["[1]", "https://x.example/s", "noopener noreferrer nofollow ugc"],
      ["[2]", "https://x.example/p?a=1&b=(2)", "noopener noreferrer nofollow ugc"],
    ],
  );
  assert.match(page.text("log"), /It costs 5 euros \[1\]\[2\], see \[1\] and \[3\]\./);
  assert.equal(page.root.querySelector("pre code").textContent.trim(), "[2]");
});

test("a visitor's message is rendered as text, never as markup", async () => {
  const page = await started();
  page.write("**a** <b>x</b>\nb");
  assert.deepEqual(page.lines, ["**a** <b>x</b>\nb"]);
  assert.equal(page.get("log").querySelector("strong, b"), null);
});

test("new messages do not scroll a visitor who reads further up", async () => {
  const page = await started();
  const scroller = page.root.querySelector(".scroller");
  Object.defineProperties(scroller, {
    scrollHeight: { get: () => 1000 },
    clientHeight: { get: () => 300 },
  });
  scroller.scrollTop = 100;
  scroller.dispatchEvent(new page.win.Event("scroll"));
  page.socket.say(start(), final("Hello"));
  page.draw();
  assert.equal(scroller.scrollTop, 100);
  page.get("button", "New messages").focus();
  page.click("New messages");
  assert.equal(scroller.scrollTop, 700);
  // The button was removed, and would take the focus with it.
  assert.equal(page.root.activeElement, scroller);
});

test("an answer streaming out of sight shows the new messages button", async () => {
  const page = await started(start(), delta("Hello", 0));
  const scroller = page.root.querySelector(".scroller");
  Object.defineProperties(scroller, {
    scrollHeight: { get: () => 1000 },
    clientHeight: { get: () => 300 },
  });
  scroller.scrollTop = 100;
  scroller.dispatchEvent(new page.win.Event("scroll"));
  assert.equal(page.all("button", "New messages").length, 0);
  page.socket.say(delta(" world", 5));
  page.draw();
  assert.equal(scroller.scrollTop, 100);
  assert.ok(page.get("button", "New messages"));
});

test("before the first message the greeting stays in view, however long the form is", async () => {
  const page = openPage({ config: { contact_info_mode: "required" } });
  await page.embed();
  page.click("Open chat");
  const scroller = page.root.querySelector(".scroller");
  Object.defineProperties(scroller, {
    scrollHeight: { get: () => 1000 },
    clientHeight: { get: () => 300 },
  });
  page.socket.accept().say(session());
  page.draw();
  assert.equal(scroller.scrollTop, 0);
});

test("messages that arrive while the panel is closed are counted on the launcher", async () => {
  const page = await started();
  page.click("Close chat");
  const unread = [];
  page.win.Loquent.on("unread", (count) => unread.push(count));
  page.socket.say(start(), final("Hello"), stop, {
    type: "message",
    ...line("user", "from another tab", { seq: 3 }),
  });
  page.draw();
  assert.equal(page.root.querySelector(".badge").textContent, "1");
  page.click("Open chat");
  assert.equal(page.root.querySelector(".badge").textContent, "");
  assert.deepEqual(unread, [1, 0]);
});

test("the chat works with the base protocol", async () => {
  const page = openPage({ config: { greeting: null } });
  await page.embed();
  page.click("Open chat");
  page.socket
    .accept("")
    .say({ type: "session", session_token: "wst_a", contact_info_submitted: false });
  page.write("Hi");
  assert.equal(page.socket.sent[0].content, "Hi");
  page.socket.say(
    { type: "typing_start" },
    { type: "message", content: "Hello", role: "assistant" },
    { type: "typing_stop" },
  );
  page.draw();
  assert.deepEqual(page.lines, ["Hi", "Hello"]);
  assert.equal(page.all("button", "Stop answering").length, 0);
  assert.doesNotMatch(page.text("log"), /Sending|Waiting/);
  page.socket.drop();
  page.clock.tick(1000);
  assert.doesNotMatch(page.socket.url, /last_seq/);
  page.socket.accept("").say(
    { type: "session", session_token: "wst_a", contact_info_submitted: false },
    {
      type: "history",
      messages: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: "Hello" },
      ],
    },
  );
  page.draw();
  assert.deepEqual(page.lines, ["Hi", "Hello"]);
});

test("the copy button copies the code and confirms it", async () => {
  const page = await started(start());
  const copied = [];
  Object.defineProperty(page.win.navigator, "clipboard", {
    value: { writeText: async (text) => copied.push(text) },
  });
  page.socket.say(final("```js\nlet a = 1;\n```"));
  page.draw();
  page.get("button", "Copy").click();
  await Promise.resolve();
  assert.deepEqual(copied, ["let a = 1;"]);
  await Promise.resolve();
  assert.equal(page.all("button", "Copied").length, 1);
});
