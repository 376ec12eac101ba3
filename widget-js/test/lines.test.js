/** Names, times, keys and choices of the transcript's lines. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { line } from "./support/socket.js";

async function started(...messages) {
  const page = openPage({ config: { greeting: null } });
  await page.embed();
  page.start({}, { type: "history", messages, complete: true });
  return page;
}

const AT = "2026-11-22T10:42:00.000000Z";
const time = new Intl.DateTimeFormat("en", { timeStyle: "short" }).format(new Date(AT));

test("each message is named by its author and time, and shows the time", async () => {
  const page = await started(
    line("user", "Hi", { seq: 1, created_at: AT }),
    line("assistant", "Hello", { seq: 2, created_at: AT }),
  );
  const names = [...page.root.querySelectorAll("[role=article]")].map((each) => [
    each.getAttribute("aria-label"),
    each.dataset.time,
  ]);
  assert.deepEqual(names, [
    [`You, ${time}`, time],
    [`AI assistant, ${time}`, time],
  ]);
});

test("the arrow keys move between messages", async () => {
  const page = await started(
    ...["a", "b", "c"].map((text, at) => line("user", text, { seq: at + 1 })),
  );
  const scroller = page.root.querySelector(".scroller");
  scroller.focus();
  const seen = [];
  for (const key of ["ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown"]) {
    page.key(page.root.activeElement, key);
    seen.push(page.root.activeElement.querySelector(".bubble").textContent);
  }
  assert.deepEqual(seen, ["c", "b", "a", "a", "b"]);
});

test("actions on older answers are tab stops only from their own line", async () => {
  const page = await started(
    line("assistant", "one", { seq: 1 }),
    line("assistant", "two", { seq: 2 }),
  );
  const [older, newest] = page.all("button", "Copy answer");
  assert.deepEqual([older.tabIndex, newest.tabIndex], [-1, 0]);
  page.root.querySelector("[role=article]").focus();
  assert.deepEqual([older.tabIndex, newest.tabIndex], [0, 0]);
  page.get("textbox", "Message").focus();
  page.root.querySelector(".scroller").focus();
  assert.deepEqual([older.tabIndex, newest.tabIndex], [-1, 0]);
});

test("choices are buttons that send their message, and go with the next message", async () => {
  const page = await started(
    line("user", "Hi", { seq: 1 }),
    line("assistant", "These might help:", {
      seq: 2,
      choices: [{ title: "Shipping", message: "Do you ship?" }, { title: 7 }, null],
    }),
  );
  assert.equal(page.root.querySelectorAll(".choices button").length, 1);
  page.click("Shipping");
  assert.equal(page.socket.sent.at(-1).content, "Do you ship?");
  assert.equal(page.all("button", "Shipping").length, 0);
});

/** Return the texts of the day dividers and bubbles in order. */
const withDays = (page) =>
  [...page.root.querySelectorAll("[role=log] :is(.day, .bubble)")]
    .filter((each) => each.textContent)
    .map((each) => (each.className === "day" ? `– ${each.textContent}` : each.textContent));

test("a date stands above the first message of a day, except for a conversation of today", async () => {
  const daysAgo = (days) => {
    const date = new Date();
    date.setDate(date.getDate() - days);
    return date;
  };
  const say = (text, days, seq) =>
    line("user", text, { seq, created_at: daysAgo(days).toISOString() });
  const today = await started(say("a", 0, 1), say("b", 0, 2));
  assert.deepEqual(withDays(today), ["a", "b"]);
  const page = await started(say("a", 400, 1), say("b", 400, 2), say("c", 1, 3), say("d", 0, 4));
  const long = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
  const then = daysAgo(400).toLocaleDateString("en-US", long);
  assert.deepEqual(withDays(page), [`– ${then}`, "a", "b", "– Yesterday", "c", "– Today", "d"]);
});

test("times follow the browser's variant of the language", async () => {
  const page = openPage({ config: { greeting: null } });
  Object.defineProperty(page.win.navigator, "languages", { value: ["de-CH", "en-GB"] });
  await page.embed();
  page.start(
    {},
    {
      ...{ type: "history", complete: true },
      messages: [line("user", "Hi", { seq: 1, created_at: AT })],
    },
  );
  const british = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" }).format(new Date(AT));
  assert.equal(page.root.querySelector("[data-time]").dataset.time, british);
});
