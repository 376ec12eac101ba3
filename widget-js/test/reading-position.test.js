/** Where the transcript scrolls to, and in which order questions and answers stand. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { line } from "./support/socket.js";

const HEIGHT = 300;
const LINE = 40;

/** A page whose lines are 40 pixels high, or as high as their text says: "200 px". */
async function laidOut() {
  const page = openPage({ config: { greeting: null } });
  await page.embed();
  page.start();
  const scroller = page.root.querySelector(".scroller");
  const log = page.get("log");
  const heightOf = (node) =>
    node.closest("[hidden]") ? 0 : Number(/(\d+) px/.exec(node.textContent)?.[1] ?? LINE);
  const roomOf = () => Number.parseFloat(scroller.lastElementChild.style.height || "0");
  const content = () => [...log.children].reduce((sum, each) => sum + heightOf(each), 0);
  let top = 0;
  const most = () => Math.max(0, content() + roomOf() - HEIGHT);
  Object.defineProperties(scroller, {
    scrollHeight: { get: () => Math.max(HEIGHT, content() + roomOf()) },
    clientHeight: { get: () => HEIGHT },
    scrollTop: {
      get: () => Math.min(top, most()),
      set(next) {
        top = Math.max(0, Math.min(next, most()));
        scroller.dispatchEvent(new page.win.Event("scroll"));
      },
    },
  });
  page.win.HTMLElement.prototype.getBoundingClientRect = function () {
    if (this === scroller) return { top: 0 };
    let y = 0;
    for (const each of log.children) {
      if (each === this) break;
      y += heightOf(each);
    }
    return { top: y - scroller.scrollTop };
  };
  let seq = 0;
  const ask = (text) => {
    page.write(text);
    const frame = page.socket.sent.findLast(({ type }) => type === "message");
    page.socket.say({
      ...{ type: "ack", client_message_id: frame.client_message_id, id: `q${++seq}`, seq },
      created_at: "2026-11-22T10:00:00Z",
    });
    page.draw();
  };
  const begin = (id) => {
    page.socket.say({ type: "typing_start", message_id: id });
    page.draw();
  };
  const grow = (id, content) => {
    page.socket.say({ type: "delta", message_id: id, offset: 0, content });
    page.clock.tick(1000);
  };
  const end = (id, content) => {
    page.socket.say({ type: "message", ...line("assistant", content, { id, seq: ++seq }) });
    page.socket.say({ type: "typing_stop" });
    page.draw();
  };
  const topOf = (text) =>
    [...log.children]
      .find((each) => each.textContent.includes(text) && !each.hidden)
      .getBoundingClientRect().top;
  return { page, scroller, ask, begin, grow, end, topOf };
}

const hasMore = (page) => page.all("button", "New messages").length > 0;

test("a sent question goes to the top, and the answer grows below it without moving it", async () => {
  const { page, ask, begin, grow, end, topOf } = await laidOut();
  ask("first");
  begin("a1");
  end("a1", "one, 250 px");
  ask("second");
  assert.equal(topOf("second"), 18);
  begin("a2");
  for (const height of [100, 200, 400, 900]) {
    grow("a2", `${height} px`);
    assert.equal(topOf("second"), 18);
    assert.equal(hasMore(page), height > 300);
  }
  end("a2", "900 px");
  assert.equal(topOf("second"), 18);
  assert.ok(hasMore(page));
});

test("a visitor who scrolls away is left there", async () => {
  const { scroller, ask, begin, grow, end } = await laidOut();
  ask("first, 400 px");
  begin("a1");
  grow("a1", "100 px");
  scroller.scrollTop = 30;
  grow("a1", "500 px");
  end("a1", "500 px");
  assert.equal(scroller.scrollTop, 30);
});

test("a waiting question in view goes up to the top as its answer grows", async () => {
  const { scroller, ask, begin, grow, end, topOf } = await laidOut();
  ask("first");
  begin("a1");
  grow("a1", "150 px");
  ask("second");
  end("a1", "150 px");
  begin("a2");
  // Nothing moves as long as there is room below.
  assert.equal(scroller.scrollTop, 0);
  assert.equal(topOf("second"), 190);
  grow("a2", "200 px");
  assert.equal(topOf("second"), 60);
  grow("a2", "900 px");
  assert.equal(topOf("second"), 18);
  end("a2", "900 px");
  assert.equal(topOf("second"), 18);
});

test("a waiting question below what is in view moves nothing", async () => {
  const { scroller, ask, begin, grow, end } = await laidOut();
  ask("first");
  begin("a1");
  grow("a1", "200 px");
  ask("second");
  const { scrollTop } = scroller;
  grow("a1", "700 px");
  end("a1", "700 px");
  begin("a2");
  grow("a2", "900 px");
  assert.equal(scroller.scrollTop, scrollTop);
});

test("the control leads to the end, and disappears there", async () => {
  const { page, scroller, ask, begin, end } = await laidOut();
  ask("first");
  begin("a1");
  end("a1", "900 px");
  page.click("New messages");
  assert.equal(scroller.scrollTop, 940 - HEIGHT);
  assert.equal(hasMore(page), false);
});

test("a second question waits below the running answer until its turn", async () => {
  const { page, ask, begin, grow, end } = await laidOut();
  const shown = () =>
    [...page.get("log").children]
      .filter((each) => !each.hidden)
      .map((each) => each.querySelector(".bubble").textContent);
  const waits = () =>
    [...page.root.querySelectorAll(".queued")].map(
      (each) => each.querySelector(".status").textContent,
    );
  ask("Q1");
  begin("a1");
  grow("a1", "A1");
  ask("Q2");
  ask("Q3");
  assert.deepEqual(shown(), ["Q1", "A1", "Q2", "Q3"]);
  assert.deepEqual(waits(), ["Next", "Next"]);
  end("a1", "A1");
  begin("a2");
  grow("a2", "A2");
  assert.deepEqual(shown(), ["Q1", "A1", "Q2", "A2", "Q3"]);
  assert.deepEqual(waits(), ["Next"]);
  page.socket.say(
    { type: "error", code: "agent_unavailable", message: "Not now.", client_message_id: "c_x" },
    { type: "typing_stop" },
  );
  begin("a3");
  end("a3", "A3");
  assert.deepEqual(shown(), ["Q1", "A1", "Q2", "Not now.", "Q3", "A3"]);
  assert.deepEqual(waits(), []);
});
