/** "Did this help?", once per conversation. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import english from "../src/i18n/more-english.js";
import { isClosing } from "../src/more/helped.js";
import { openPage } from "./support/page.js";
import { session } from "./support/socket.js";

let count = 0;

async function started() {
  const page = openPage({ config: { greeting: null } });
  await page.embed();
  page.start();
  return page;
}

/** Ask, and let the agent answer. */
function exchange(page, text, answer, more = {}) {
  const seq = ++count * 2;
  // No pong has come meanwhile.
  if (page.socket.readyState !== 1) page.socket.accept().say(session());
  page.write(text);
  const { client_message_id: cid } = page.socket.sent.at(-1);
  const created_at = new Date().toISOString();
  page.socket.say(
    { type: "ack", client_message_id: cid, id: `q${seq}`, seq, created_at },
    { type: "typing_start", message_id: `a${seq}` },
    {
      ...{ type: "message", role: "assistant", content: answer, id: `a${seq}`, seq: seq + 1 },
      ...{ created_at, status: "complete", outcome: "answered", sources: [], ...more },
    },
    { type: "typing_stop" },
  );
  page.draw();
}

const questions = (page) =>
  [...page.root.querySelectorAll(".ask")].filter((each) => !each.closest("[hidden]")).length;
const TEN_MINUTES = 600_000;

test("after thanks the newest answer's thumbs carry the question, until one is pressed", async () => {
  const page = await started();
  exchange(page, "Do you ship?", "Yes.");
  assert.equal(questions(page), 0);
  exchange(page, "Thanks!", "You are welcome.");
  assert.equal(questions(page), 1);
  const good = page.all("button", "Good answer").at(-1);
  assert.equal(
    page.root.getElementById(good.getAttribute("aria-describedby")).textContent,
    "Did this help?",
  );
  good.click();
  page.draw();
  assert.equal(questions(page), 0);
  assert.equal(good.getAttribute("aria-describedby"), null);
  assert.equal(page.socket.sent.at(-1).rating, "up");
});

test("after ten quiet minutes it is asked, and not again in this conversation", async () => {
  const page = await started();
  exchange(page, "Do you ship?", "Yes.");
  page.clock.tick(TEN_MINUTES / 2);
  exchange(page, "And to Norway?", "Yes.");
  page.clock.tick(TEN_MINUTES - 1000);
  assert.equal(questions(page), 0);
  page.clock.tick(2000);
  assert.equal(questions(page), 1);
  exchange(page, "And to Peru?", "Yes.");
  assert.equal(questions(page), 0);
  page.clock.tick(TEN_MINUTES + 1000);
  exchange(page, "Thanks", "You are welcome.");
  assert.equal(questions(page), 0);
  page.socket.say(session({ session_token: "wst_two" }));
  exchange(page, "Bye", "Goodbye.");
  assert.equal(questions(page), 1);
});

test("it is not asked after a rating, a missing answer, a person's or a failed one", async () => {
  const rated = await started();
  exchange(rated, "Do you ship?", "Yes.");
  rated.click("Good answer");
  exchange(rated, "Thanks", "You are welcome.");
  assert.equal(questions(rated), 0);
  for (const more of [
    { outcome: "no_answer" },
    { status: "interrupted" },
    { kind: "notice" },
    { role: "staff", author: { name: "Mia" } },
  ]) {
    const page = await started();
    exchange(page, "Do you ship?", "…", more);
    page.clock.tick(TEN_MINUTES + 1000);
    assert.equal(questions(page), 0, JSON.stringify(more));
  }
});

for (const [words, yes, no] of [
  [
    english.closing,
    ["Thanks", "ok, thank you so much!", "Bye", "Thx 👍"],
    [
      "Thanks, but where is my order and when?",
      "Thanks?",
      "goods",
      "I thanked you twice for the wrong delivery",
    ],
  ],
  ["谢谢|再见", ["非常谢谢你", "再见。"], ["你们几点开门", "谢谢？"]],
  ["tak|farvel", ["Tak!", "mange tak"], ["kontakt", "ok"]],
])
  test(`closing words: ${words}`, () => {
    for (const text of yes) assert.ok(isClosing(text, words), text);
    for (const text of no) assert.ok(!isClosing(text, words), text);
  });

test("the closing words of each language are recognised", async () => {
  for (const name of readdirSync(new URL("../src/locales", import.meta.url))) {
    if (name === "en.js") continue;
    const { closing } = (await import(`../src/locales/${name}`)).default;
    for (const word of closing.split("|")) {
      assert.ok(isClosing(`${word}!`, closing), `${name}: ${word}`);
      assert.ok(!isClosing(`${word}?`, closing), `${name}: ${word}?`);
    }
  }
});

test("a space right after a rating does not take it back", async () => {
  const page = await started();
  exchange(page, "Do you ship?", "Yes.");
  const bad = page.get("button", "Bad answer");
  const isPrevented = (timeStamp) => {
    const event = new page.win.KeyboardEvent("keyup", {
      ...{ key: " ", bubbles: true, composed: true, cancelable: true },
    });
    Object.defineProperty(event, "timeStamp", { value: timeStamp });
    bad.dispatchEvent(event);
    return event.defaultPrevented;
  };
  assert.equal(isPrevented(100), false);
  const click = new page.win.MouseEvent("click", { bubbles: true, composed: true });
  Object.defineProperty(click, "timeStamp", { value: 1000 });
  bad.dispatchEvent(click);
  assert.deepEqual([1900, 2100].map(isPrevented), [true, false]);
});
