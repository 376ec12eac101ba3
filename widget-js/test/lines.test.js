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

test("each message is named by its author and time", async () => {
  const page = await started(
    line("user", "Hi", { seq: 1, created_at: AT }),
    line("assistant", "Hello", { seq: 2, created_at: AT }),
  );
  const names = [...page.root.querySelectorAll("[role=article]")].map((each) => [
    each.getAttribute("aria-label"),
    each.title,
  ]);
  assert.deepEqual(names, [
    [`You, ${time}`, time],
    [`Assistant, ${time}`, time],
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
