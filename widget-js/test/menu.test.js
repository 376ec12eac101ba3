import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { line, session } from "./support/socket.js";

async function started(...frames) {
  const page = openPage();
  await page.embed();
  page.start({}, ...frames);
  return page;
}

const history = (...messages) => ({ type: "history", messages, complete: true });
const isOpen = (page) => page.get("button", "Menu").getAttribute("aria-expanded") === "true";

test("the menu button shows more buttons and has aria-expanded", async () => {
  const page = await started();
  assert.equal(isOpen(page), false);
  assert.equal(page.all("button", "Sound").length, 0);
  page.click("Menu");
  assert.equal(isOpen(page), true);
  assert.ok(page.get("button", "Sound"));
  page.click("Menu");
  assert.equal(isOpen(page), false);
});

test("Escape closes the menu first, then the panel", async () => {
  const page = await started();
  page.click("Menu");
  page.get("button", "Sound").focus();
  page.key(page.root.activeElement, "Escape");
  assert.equal(isOpen(page), false);
  assert.equal(page.root.activeElement, page.get("button", "Menu"));
  page.key(page.root.activeElement, "Escape");
  assert.equal(page.all("dialog").length, 0);
});

test("the arrow keys open the menu and cycle through it", async () => {
  const page = await started(history(line("user", "a", { seq: 1 })));
  const seen = [];
  page.get("button", "Menu").focus();
  for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"]) {
    page.key(page.root.activeElement, key);
    seen.push(page.root.activeElement.textContent);
  }
  const [fresh, download, sound] = ["New conversation", "Download transcript", "Sound"];
  assert.deepEqual(seen, [fresh, download, sound, fresh, sound]);
  page.key(page.root.activeElement, "Escape");
  page.key(page.root.activeElement, "ArrowUp");
  assert.equal(page.root.activeElement.textContent, sound);
});

for (const [name, leave] of [
  ["elsewhere in the panel", (page) => page.get("dialog")],
  ["on the page", (page) => page.win.document.body],
]) {
  test(`a press ${name} closes the menu; one inside does not`, async () => {
    const page = await started();
    page.click("Menu");
    const event = () => new page.win.Event("pointerdown", { bubbles: true, composed: true });
    page.get("button", "Sound").dispatchEvent(event());
    assert.equal(isOpen(page), true);
    leave(page).dispatchEvent(event());
    assert.equal(isOpen(page), false);
  });
}

test("focus moving elsewhere in the panel or to the page closes the menu", async () => {
  const page = await started();
  const own = page.win.document.body.appendChild(page.win.document.createElement("button"));
  for (const next of [page.get("textbox", "Message"), own]) {
    page.click("Menu");
    page.get("button", "Menu").focus();
    page.get("button", "Sound").focus();
    assert.equal(isOpen(page), true);
    next.focus();
    assert.equal(isOpen(page), false);
  }
});

test("closing the panel closes its menu", async () => {
  const page = await started();
  page.click("Menu");
  page.click("Close chat");
  page.click("Open chat");
  assert.equal(isOpen(page), false);
});

async function download(page) {
  let blob = null;
  const clicked = [];
  const revoked = [];
  page.win.URL.createObjectURL = (value) => {
    blob = value;
    return "blob:one";
  };
  page.win.URL.revokeObjectURL = (url) => revoked.push(url);
  page.win.HTMLAnchorElement.prototype.click = function () {
    clicked.push([this.href, this.download]);
  };
  page.click("Menu");
  page.click("Download transcript");
  const reader = new page.win.FileReader();
  const read = new Promise((done) => reader.addEventListener("load", () => done(reader.result)));
  reader.readAsText(blob);
  return { text: await read, clicked, revoked, type: blob.type };
}

test("the transcript is a text file: who, when, what, from where", async () => {
  const at = "2026-11-22T10:00:00.000000Z";
  const page = await started(
    history(
      line("user", "Ship to Norway?", { seq: 1, created_at: at }),
      line("assistant", "**Yes**", {
        ...{ seq: 2, status: "stopped" },
        sources: [{ title: "Shipping", url: "https://x.example/s" }],
      }),
    ),
  );
  page.socket.drop();
  page.write("And Peru?");
  const { text, clicked, type } = await download(page);
  const time = new Date(at).toLocaleString("en-US");
  const today = new Date().toLocaleDateString("en-US", { dateStyle: "long" });
  assert.ok(
    text.startsWith(
      `Conversation with Acme Support\nshop.example, ${today}\n\nAssistant:\nHi, how can I help?\n`,
    ),
  );
  assert.ok(text.includes(`[${time}] You:\nShip to Norway?\n`), text);
  assert.ok(
    text.includes("Assistant:\n**Yes**\nStopped\nSources:\n- Shipping: https://x.example/s\n"),
    text,
  );
  assert.ok(text.endsWith("You:\nAnd Peru?\nWaiting…\n"), text);
  assert.match(type, /text\/plain/);
  assert.match(clicked[0][1], /^Conversation with Acme Support \d{4}-\d\d-\d\d\.txt$/);
  assert.equal(isOpen(page), false);
  assert.equal(page.root.activeElement, page.get("button", "Menu"));
});

test("an incomplete transcript says so, and its object URL is revoked", async () => {
  const page = await started({
    ...{ type: "history", messages: [line("user", "a", { seq: 60 })], complete: false },
  });
  const { text, revoked } = await download(page);
  assert.match(text, /Earlier messages are not shown/);
  assert.deepEqual(revoked, []);
  page.win.Loquent.destroy();
  assert.deepEqual(revoked, ["blob:one"]);
});

test("download is disabled before the first message", async () => {
  const page = await started();
  page.click("Menu");
  assert.equal(page.get("button", "Download transcript").disabled, true);
  page.socket.say(session(), history(line("user", "a", { seq: 1 })));
  page.draw();
  assert.equal(page.get("button", "Download transcript").disabled, false);
});
