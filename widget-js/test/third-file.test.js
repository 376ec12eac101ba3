/** The third file: opening, the first answer and markdown do without it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as chatRuntime from "../src/chat-runtime.js";
import * as more from "../src/more.js";
import { openPage, settle } from "./support/page.js";
import { line } from "./support/socket.js";

/** A page on which the third file arrives when the test says so. */
async function without(config = {}) {
  /** @type {{ come(): void, fail(): void }[]} */
  const asked = [];
  const page = openPage({
    config,
    fetchChunk: (_base, name) =>
      name === "chat"
        ? Promise.resolve(chatRuntime)
        : new Promise((come, no) =>
            asked.push({ come: () => come(more), fail: () => no(new Error()) }),
          ),
  });
  await page.chunks.load("https://chat.example", "chat");
  await page.embed("wid_one", {}, { cold: true });
  const step = async (run) => {
    run();
    await settle();
    page.draw();
  };
  return { page, asked, step };
}

test("the panel opens and shows a formatted answer without the third file", async () => {
  const { page, asked, step } = await without();
  const socket = page.start();
  assert.equal(asked.length, 0);
  page.write("Hello");
  const [{ client_message_id: cid }] = socket.sent;
  socket.say({
    type: "ack",
    client_message_id: cid,
    id: "q",
    seq: 1,
    created_at: "2026-11-22T10:00:00Z",
  });
  socket.say({ type: "typing_start", message_id: "a" });
  socket.say({ type: "message", ...line("assistant", "**Bold**", { id: "a", seq: 2 }) });
  socket.say({ type: "typing_stop" });
  page.draw();
  assert.equal(page.root.querySelector("[role=log] strong").textContent, "Bold");
  assert.equal(page.all("button", "Copy answer").length, 0);
  assert.equal(asked.length, 1);
  await step(asked[0].come);
  assert.ok(page.get("button", "Copy answer"));
  assert.deepEqual(page.errors, []);
});

test("a file that fails is requested again", async () => {
  const { page, asked, step } = await without();
  page.start();
  page.click("Menu");
  assert.equal(asked.length, 1);
  await step(asked[0].fail);
  assert.equal(asked.length, 1);
  page.clock.tick(5000);
  assert.equal(asked.length, 2);
  await step(asked[1].come);
  assert.ok(page.get("button", "Download transcript"));
});

test("the menu opens when its file arrives", async () => {
  const { page, asked, step } = await without();
  page.start();
  page.click("Menu");
  assert.equal(page.all("button", "Sound").length, 0);
  await step(asked[0].come);
  assert.equal(page.all("button", "Sound").length, 1);
  assert.equal(page.get("button", "Menu").getAttribute("aria-expanded"), "true");
});

test("a required form appears as soon as its file is here, and gets the focus", async () => {
  const { page, asked, step } = await without({ contact_info_mode: "required" });
  page.start();
  assert.equal(page.all("textbox", "Message").length, 0);
  await step(asked[0].come);
  assert.equal(page.root.activeElement, page.get("textbox", "Name"));
});

test("nothing happens if the file arrives after destroy", async () => {
  const { page, asked, step } = await without();
  page.start();
  page.click("Menu");
  page.win.Loquent.destroy();
  await step(asked[0].come);
  assert.equal(page.hosts.length, 0);
  assert.deepEqual(page.errors, []);
});
