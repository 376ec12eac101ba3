/** What the panel says about itself, about waiting, and about being offline. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { line } from "./support/socket.js";

async function started() {
  const page = openPage();
  await page.embed();
  page.start();
  return page;
}

test("the header says that an AI answers, and the panel's name stays the widget's", async () => {
  const page = await started();
  assert.match(page.root.querySelector("header").textContent, /Acme SupportAI assistant/);
  const title = page.get("dialog").getAttribute("aria-labelledby");
  assert.equal(page.root.getElementById(title).textContent, "Acme Support");
});

test("a slow answer is announced after 1, 4 and 12 seconds, until it has text", async () => {
  const page = await started();
  page.socket.say({ type: "typing_start", message_id: "a1" });
  page.draw();
  const seen = [];
  for (let second = 1; second <= 13; second++) {
    page.clock.tick(1000);
    const text = page.text("status").replaceAll("|", "");
    if (text !== seen.at(-1)?.[1]) seen.push([second, text]);
  }
  assert.deepEqual(seen.map(([, text]) => text).filter(Boolean), [
    "Answering…",
    "Looking that up…",
    "This is taking longer than usual.",
  ]);
  page.socket.say({ type: "delta", message_id: "a1", offset: 0, content: "Yes" });
  page.draw();
  assert.equal(page.text("status").replaceAll("|", ""), "");
});

test("offline, a message says so, and the panel that it is kept", async () => {
  const page = await started();
  page.go(false);
  assert.equal(page.text("status").replaceAll("|", ""), "Offline");
  page.write("Hello");
  assert.match(page.text("log"), /HelloOffline/);
  assert.match(page.text("status"), /Your message is saved and will be sent when you’re back/);
  page.go(true);
  assert.doesNotMatch(page.text("status"), /saved/);
});

test("an answer that breaks off says so in one line, which can be tried again", async () => {
  const page = await started();
  page.socket.say(
    { type: "typing_start", message_id: "a1" },
    { type: "message", ...line("assistant", "Half", { id: "a1", seq: 2, status: "failed" }) },
    { type: "error", code: "agent_unavailable", message: "Not now.", client_message_id: "c_x" },
    { type: "typing_stop" },
  );
  page.draw();
  assert.deepEqual(page.lines, ["Hi, how can I help?", "Half"]);
  assert.match(page.text("log"), /This answer is not complete\./);
  assert.ok(page.get("button", "Try again"));
});

test("a late answer offers the contact card until it has text", async () => {
  const page = openPage({ config: { greeting: null } });
  await page.embed();
  page.start({ contact_card: { phone: "079", email: null, hours: null, address: null } });
  page.socket.say({ type: "typing_start", message_id: "a1" });
  page.draw();
  page.clock.tick(11_000);
  assert.equal(page.all("button", "Contact us").length, 0);
  page.clock.tick(2000);
  page.click("Contact us");
  assert.match(page.root.querySelector(".sheet").textContent, /079/);
  page.click("Back to the chat");
  page.socket.say({ type: "delta", message_id: "a1", offset: 0, content: "Yes" });
  page.draw();
  assert.equal(page.all("button", "Contact us").length, 0);
});

test("the header shows the first letter of the name, hidden from screen readers", async () => {
  for (const [name, initial] of [
    ["“Brot & Liebe”", "B"],
    ["🥐 école", "é"],
    ["…", ""],
  ]) {
    const page = openPage({ config: { name } });
    await page.embed();
    page.start();
    const face = page.root.querySelector(".logo");
    assert.deepEqual([face.textContent, face.getAttribute("aria-hidden")], [initial, "true"]);
  }
});
