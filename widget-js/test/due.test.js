import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { line, session } from "./support/socket.js";

const asked = line("user", "Hi", { id: "u1", seq: 1, client_message_id: "c_1" });
const answered = line("assistant", "Hello", { id: "m1", seq: 2 });
const history = (...messages) => ({ type: "history", messages, complete: true });
const start = { type: "typing_start", message_id: "m1" };
const stop = { type: "typing_stop" };

/** A page on which the visitor asks something and closes the panel. */
async function asking(...frames) {
  const page = openPage({ config: { greeting: null } });
  await page.embed();
  page.start();
  page.write("Hi");
  const { client_message_id } = page.socket.sent.at(-1);
  page.socket.say({ ...asked, type: "ack", client_message_id }, ...frames);
  page.click("Close chat");
  return page;
}

/** The next page in the same tab. */
async function next(page) {
  const other = openPage({
    config: { greeting: null },
    local: { ...page.win.localStorage },
    tab: { ...page.win.sessionStorage },
  });
  await other.embed();
  return other;
}

function resume(page, ...frames) {
  page.socket.accept().say(session({ resumed: true }), ...frames);
  page.draw();
}

const badge = (page) => page.root.querySelector(".badge")?.textContent;
const isOpen = (page) => page.all("dialog").length > 0;

for (const [name, frames] of [
  ["not begun", []],
  ["under way", [start]],
]) {
  test(`an answer that was ${name} is counted on the next page, though the panel is closed`, async () => {
    const page = await next(await asking(...frames));
    resume(page, history(asked, answered));
    assert.equal(badge(page), "1");
    assert.ok(!isOpen(page));
    assert.equal((await next(page)).sockets.length, 0);
  });
}

test("every page waits for an answer that takes several pages", async () => {
  let page = await next(await asking(start));
  resume(page, history(asked), start);
  page = await next(page);
  resume(page, history(asked), start);
  page.socket.say({ ...answered, type: "message" }, stop);
  page.draw();
  assert.equal(badge(page), "1");
  assert.equal((await next(page)).sockets.length, 0);
});

test("an answer that failed on another page is no longer due", async () => {
  const page = await next(await asking(start));
  resume(page, history(asked));
  assert.equal((await next(page)).sockets.length, 0);
});

test("after an answer the next page opens no socket", async () => {
  const page = await asking(start, { ...answered, type: "message" }, stop);
  assert.equal((await next(page)).sockets.length, 0);
});

test("reset forgets that an answer is due", async () => {
  const page = await asking(start);
  page.win.Loquent.reset();
  assert.equal((await next(page)).sockets.length, 0);
});
