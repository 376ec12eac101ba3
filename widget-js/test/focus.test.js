/** Where the focus goes when its element is removed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, settle } from "./support/page.js";
import { line, session } from "./support/socket.js";

const OWN = '<button id="own">Chat</button><input id="search">';

async function started(options = {}) {
  const page = openPage({ html: OWN, ...options });
  await page.embed("wid_one");
  return page;
}

function actedOn(page) {
  const value = { isActive: true };
  Object.defineProperty(page.win.navigator, "userActivation", { value, configurable: true });
}

test("Retry moves the focus to the message field", async () => {
  const page = await started();
  page.start();
  page.write("Hello");
  const { client_message_id } = page.socket.sent.at(-1);
  page.socket.say({
    type: "error",
    code: "message_too_long",
    message: "Too long.",
    client_message_id,
  });
  page.draw();
  const retry = page.get("button", "Retry");
  retry.focus();
  retry.click();
  page.draw();
  assert.equal(page.root.activeElement, page.get("textbox", "Message"));
});

test("the end of an answer does not lose the focus", async () => {
  const page = await started();
  page.start();
  const content = "```\nnpm i\n```";
  page.socket.say(
    { type: "typing_start", message_id: "m2" },
    { type: "delta", message_id: "m2", offset: 0, content },
  );
  page.clock.tick(1000);
  page.root.querySelector(".copy").focus();
  page.socket.say(
    { type: "message", ...line("assistant", content, { id: "m2", seq: 2 }) },
    { type: "typing_stop" },
  );
  page.draw();
  assert.equal(page.root.activeElement, page.get("textbox", "Message"));
});

test("refused details from identify do not move the focus", async () => {
  const page = await started({
    config: { contact_info_mode: "required" },
    tab: { "loquent:wid_one:open": "1" },
  });
  page.win.Loquent.identify({ email: "jane@example" });
  page.draw();
  page.socket.accept().say(session());
  page.draw();
  page.win.document.getElementById("search").focus();
  const refusal = { type: "error", code: "contact_info_invalid", message: "The email is wrong." };
  page.socket.say(refusal);
  page.draw();
  assert.equal(page.win.document.activeElement.id, "search");
  assert.ok(page.root.textContent.includes("The email is wrong."));
});

for (const calls of [[["open"]], [["open"], ["prefill", "x"]], [["open"], ["setLocale", "en"]]]) {
  test(`after ${calls.map(([name]) => name).join(", ")}, Escape returns the focus to the page's button`, async () => {
    const page = await started();
    page.start();
    page.click("Close chat");
    actedOn(page);
    page.win.document.getElementById("own").focus();
    page.win.Loquent.push(...calls);
    await settle();
    page.draw();
    page.key(page.get("dialog"), "Escape");
    assert.equal(page.win.document.activeElement.id, "own");
  });
}

test("the launcher gets the focus if the page's button is disabled", async () => {
  const page = await started();
  page.start();
  page.click("Close chat");
  actedOn(page);
  const own = page.win.document.getElementById("own");
  own.focus();
  page.win.Loquent.open();
  page.draw();
  own.disabled = true;
  page.key(page.get("dialog"), "Escape");
  assert.equal(page.root.activeElement, page.get("button", "Open chat"));
});

test("aria-modal follows the screen size immediately", async () => {
  const media = { "max-width": false };
  const page = await started({ media });
  page.start();
  const before = page.queries.length;
  for (const narrow of [true, false]) {
    page.narrow(narrow);
    assert.equal(page.get("dialog").getAttribute("aria-modal"), narrow ? "true" : null);
  }
  page.win.Loquent.destroy();
  assert.ok(page.queries.length < before);
});
