import assert from "node:assert/strict";
import { test } from "node:test";
import { nameOf, openPage } from "./support/page.js";

async function open(options) {
  const page = openPage(options);
  await page.embed();
  return page;
}

test("before the first click: one request, no socket, nothing stored, no cookie, one global", async () => {
  const page = openPage();
  const before = new Set(Object.keys(page.win));
  await page.embed();
  assert.deepEqual(page.requests, [
    {
      url: "https://chat.example/api/widget/wid_one/config",
      credentials: "omit",
      cache: undefined,
    },
  ]);
  assert.equal(page.sockets.length, 0);
  assert.equal(page.win.localStorage.length + page.win.sessionStorage.length, 0);
  assert.equal(page.win.document.cookie, "");
  assert.deepEqual(
    Object.keys(page.win).filter((key) => !before.has(key)),
    ["Loquent"],
  );
  assert.equal(page.get("button").getAttribute("aria-expanded"), "false");
  assert.equal(page.all("dialog").length, 0);
});

test("the first click opens the panel and the socket, and moves the focus into the panel", async () => {
  const page = await open();
  page.click("Open chat");
  const dialog = page.get("dialog");
  assert.equal(nameOf(dialog), "Acme Support");
  assert.equal(page.socket.url, "wss://chat.example/api/widget/wid_one/ws");
  assert.deepEqual(page.socket.protocols, ["loquent.v2"]);
  assert.equal(page.root.activeElement, page.get("textbox", "Message"));
  const launcher = page.root.querySelector(".launcher");
  assert.equal(nameOf(launcher), "Close chat");
  assert.equal(launcher.getAttribute("aria-expanded"), "true");
});

test("the token is stored, and sent in the header on the next page, never in the URL", async () => {
  const page = await open();
  page.start();
  const token = page.win.localStorage.getItem("loquent:wid_one:token");
  assert.equal(token, "wst_one");
  const next = await open({ local: { "loquent:wid_one:token": token } });
  next.click("Open chat");
  assert.deepEqual(next.socket.protocols, ["loquent.v2", "loquent.token.wst_one"]);
  assert.ok(!next.socket.url.includes("wst_one"));
});

test("Escape closes the panel and returns the focus to the launcher", async () => {
  const page = await open();
  page.start();
  page.key(page.get("textbox", "Message"), "Escape");
  assert.equal(page.all("dialog").length, 0);
  assert.equal(page.root.activeElement, page.get("button", "Open chat"));
  assert.equal(page.socket.closedBy, null);
});

test("a panel open on the previous page reopens without taking the focus", async () => {
  const page = await open();
  page.start();
  assert.equal(page.win.sessionStorage.getItem("loquent:wid_one:open"), "1");
  const next = await open({ tab: { "loquent:wid_one:open": "1" } });
  next.draw();
  assert.equal(next.all("dialog").length, 1);
  assert.equal(next.sockets.length, 1);
  assert.equal(next.root.activeElement, null);
  page.key(page.get("dialog"), "Escape");
  assert.equal(page.win.sessionStorage.getItem("loquent:wid_one:open"), null);
});

test("Enter sends; Shift+Enter and an input method's Enter do not", async () => {
  const page = await open();
  const socket = page.start();
  const field = page.type("Message", "Hello");
  page.key(field, "Enter", { shiftKey: true });
  page.key(field, "Enter", { isComposing: true });
  page.key(field, "Enter", { keyCode: 229 });
  assert.deepEqual(socket.sent, []);
  assert.equal(page.key(field, "Enter").defaultPrevented, true);
  assert.equal(socket.sent[0].content, "Hello");
  assert.equal(field.value, "");
});

test("the button sends, and is disabled without text", async () => {
  const page = await open();
  const socket = page.start();
  const button = page.get("button", "Send message");
  assert.equal(button.disabled, true);
  page.type("Message", "  \n ");
  assert.equal(button.disabled, true);
  page.type("Message", " Hi ");
  page.click("Send message");
  assert.deepEqual(
    socket.sent.map(({ content }) => content),
    ["Hi"],
  );
  assert.equal(page.root.activeElement, page.get("textbox", "Message"));
});

test("a message over the limit shows the count, is not sent, and stays in the box", async () => {
  const page = await open();
  const socket = page.start();
  const field = page.type("Message", "😀".repeat(4000));
  assert.equal(page.get("button", "Send message").disabled, false);
  assert.match(page.text("status"), /4000 of 4000/);
  page.type("Message", "😀".repeat(4001));
  assert.equal(page.get("button", "Send message").disabled, true);
  assert.match(page.text("status"), /4001 of 4000/);
  page.key(field, "Enter");
  assert.deepEqual(socket.sent, []);
  assert.equal(field.value.length, 8002);
});

test("the draft is restored on the next page", async () => {
  const page = await open();
  page.start();
  page.type("Message", "half a thou");
  const draft = page.win.sessionStorage.getItem("loquent:wid_one:draft");
  const next = await open({ tab: { "loquent:wid_one:draft": draft } });
  next.click("Open chat");
  assert.equal(next.get("textbox", "Message").value, "half a thou");
});

test("typing does not trigger the page's keyboard shortcuts", async () => {
  const page = await open();
  page.start();
  const heard = [];
  for (const type of ["keydown", "keyup", "keypress"]) {
    page.win.document.addEventListener(type, (event) => heard.push(event.type));
    const event = new page.win.KeyboardEvent(type, { key: "k", bubbles: true, composed: true });
    page.get("textbox", "Message").dispatchEvent(event);
  }
  assert.deepEqual(heard, []);
});

test("on a phone the dialog is modal and keeps the focus", async () => {
  const page = await open({ media: { "max-width": true } });
  page.win.Element.prototype.getClientRects = function () {
    return this.closest("[hidden]") ? [] : [{}];
  };
  page.start();
  const dialog = page.get("dialog");
  assert.equal(dialog.getAttribute("aria-modal"), "true");
  page.type("Message", "x");
  const first = page.get("button", "Menu");
  page.get("button", "Send message").focus();
  assert.equal(page.key(page.root.activeElement, "Tab").defaultPrevented, true);
  assert.equal(page.root.activeElement, first);
  page.key(first, "Tab", { shiftKey: true });
  assert.equal(page.root.activeElement, page.get("button", "Send message"));
});

test("on a large screen the dialog is not modal, and Tab leaves it", async () => {
  const page = await open();
  page.start();
  assert.equal(page.get("dialog").hasAttribute("aria-modal"), false);
  assert.equal(page.key(page.get("textbox", "Message"), "Tab").defaultPrevented, false);
});

test("on touch screens the dialog gets the focus, so that no keyboard opens", async () => {
  const page = await open({ media: { "pointer: coarse": true } });
  page.start();
  assert.equal(page.root.activeElement, page.get("dialog"));
});

test("the connection state is shown as text", async () => {
  const page = await open();
  page.click("Open chat");
  assert.match(page.text("status"), /Connecting…/);
  page.socket
    .accept()
    .say({ type: "session", session_token: "wst_a", contact_info_submitted: false });
  page.draw();
  assert.doesNotMatch(page.text("status"), /\w/);
  page.socket.drop();
  page.draw();
  assert.match(page.text("status"), /Reconnecting…/);
  page.go(false);
  assert.match(page.text("status"), /Offline/);
});

test("a deleted widget says so and keeps the typed text", async () => {
  const page = await open();
  page.start();
  const field = page.type("Message", "wait");
  page.socket.drop(4404);
  page.draw();
  assert.match(page.text("status"), /no longer available/);
  assert.equal(field.disabled, true);
  assert.equal(field.value, "wait");
  assert.equal(page.root.activeElement, page.get("dialog"));
});

test("the greeting is rendered as markdown, once, even if the language changes", async () => {
  const page = await open({ config: { greeting: "**Hi** there" } });
  page.start();
  page.win.Loquent.setLocale("en");
  page.draw();
  assert.deepEqual(page.lines, ["Hi there"]);
  assert.equal(page.get("log").querySelector("strong").textContent, "Hi");
});

test("a config without name and greeting works", async () => {
  const page = await open({ config: { name: null, greeting: null } });
  page.start();
  assert.equal(nameOf(page.get("dialog")), "Chat");
  assert.deepEqual(page.lines, []);
});
