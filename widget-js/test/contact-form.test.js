import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { session } from "./support/socket.js";

async function open(config, options = {}) {
  const page = openPage({ config, ...options });
  await page.embed();
  return page;
}

const REQUIRED = { contact_info_mode: "required" };
const OPTIONAL = { contact_info_mode: "optional" };
const JANE = { name: "Jane", email: "jane@example.com", phone: "+1234567890" };

function fill(page, contact) {
  page.type("Name", contact.name);
  page.type("Email", contact.email);
  page.type("Phone", contact.phone);
}

function submit(page) {
  const event = new page.win.Event("submit", { bubbles: true, cancelable: true });
  page.root.querySelector("form").dispatchEvent(event);
  page.draw();
  assert.equal(event.defaultPrevented, true);
}

test("required: the form first, no message box; then the chat", async () => {
  const page = await open(REQUIRED);
  const socket = page.start();
  assert.equal(page.all("textbox", "Message").length, 0);
  assert.equal(page.root.activeElement, page.get("textbox", "Name"));
  assert.equal(page.get("textbox", "Email").getAttribute("aria-required"), "true");
  assert.ok(page.get("button", "Start chat"));
  assert.equal(page.root.querySelector("form").hasAttribute("novalidate"), true);
  fill(page, JANE);
  submit(page);
  assert.deepEqual(socket.sent, [{ type: "contact_info", ...JANE }]);
  assert.equal(page.all("textbox", "Message").length, 0);
  socket.say({ type: "contact_info_saved" });
  page.draw();
  assert.equal(page.root.activeElement, page.get("textbox", "Message"));
  assert.equal(page.all("textbox", "Name").length, 0);
});

for (const [field, typed, sent] of [
  ["email", "\u200bjane@example.com", "jane@example.com"],
  ["email", "\ufeffjane@example.com\u00a0", "jane@example.com"],
  ["email", "\u2068jane@example.com\u2069", "jane@example.com"],
  ["email", "jane＠example.com", "jane@example.com"],
  ["email", "ｊａｎｅ@example.com", "jane@example.com"],
  ["phone", "\u202a+1234567890\u202c", "+1234567890"],
  ["phone", "＋１２３４５６７８９０", "+1234567890"],
  ["phone", "٠٥٠١٢٣٤٥٦٧", "٠٥٠١٢٣٤٥٦٧"],
  ["name", " രാജന്\u200d ", "രാജന്\u200d"],
]) {
  test(`the form accepts a pasted ${field}: ${JSON.stringify(typed)}`, async () => {
    const page = await open(REQUIRED);
    const socket = page.start();
    fill(page, { ...JANE, [field]: typed });
    submit(page);
    assert.deepEqual(socket.sent, [{ type: "contact_info", ...JANE, [field]: sent }]);
  });
}

for (const [field, value, sentence] of [
  ["Name", " ", /Name: please fill/],
  ["Name", "\u200b\ufeff", /Name: please fill/],
  ["Email", "\u200b", /Email: please fill/],
  ["Email", "", /Email: please fill/],
  ["Email", "jane at example", /Email: please check/],
  ["Phone", "", /Phone: please fill/],
  ["Phone", "call me", /Phone: please check/],
]) {
  test(`required: ${field} "${value}" shows an error and keeps the input`, async () => {
    const page = await open(REQUIRED);
    const socket = page.start();
    fill(page, JANE);
    page.type(field, value);
    submit(page);
    assert.deepEqual(socket.sent, []);
    assert.match(page.text("alert"), sentence);
    const input = page.get("textbox", field);
    assert.equal(page.root.activeElement, input);
    assert.equal(input.getAttribute("aria-invalid"), "true");
    assert.match(
      page.root.getElementById(input.getAttribute("aria-describedby")).textContent,
      sentence,
    );
    assert.equal(input.value, value);
    page.type(field, "x");
    assert.doesNotMatch(page.text("alert"), sentence);
  });
}

test("a refusal of the server is shown at its field, keeps the input, and can be retried", async () => {
  const page = await open(REQUIRED);
  const socket = page.start();
  fill(page, JANE);
  submit(page);
  submit(page);
  assert.equal(socket.sent.length, 1);
  assert.equal(page.get("button", "Start chat").getAttribute("aria-disabled"), "true");
  const message = "Email: this is no address that we know.";
  socket.say({ type: "error", code: "contact_info_invalid", message });
  page.draw();
  assert.match(page.text("alert"), /Email: this is no address/);
  assert.equal(page.get("textbox", "Name").hasAttribute("aria-invalid"), false);
  assert.equal(page.get("textbox", "Email").value, "jane@example.com");
  assert.equal(page.get("textbox", "Email").getAttribute("aria-invalid"), "true");
  assert.equal(page.get("button", "Start chat").hasAttribute("aria-disabled"), false);
  submit(page);
  assert.equal(socket.sent.length, 2);
  socket.say({ type: "error", code: "contact_info_invalid", message });
  page.draw();
  assert.match(page.text("alert"), /Email: this is no address/);
});

test("only the collected fields are asked for and sent", async () => {
  const page = await open({ ...REQUIRED, collect_name: false, collect_phone: false });
  const socket = page.start();
  assert.equal(page.all("textbox").length, 1);
  page.type("Email", JANE.email);
  submit(page);
  assert.deepEqual(socket.sent, [{ type: "contact_info", email: JANE.email }]);
});

test("optional: the form is not on the first screen; saving it under Contact us is confirmed", async () => {
  const page = await open(OPTIONAL);
  const socket = page.start();
  assert.equal(page.root.activeElement, page.get("textbox", "Message"));
  assert.equal(page.all("textbox", "Email").length, 0);
  page.click("Menu");
  page.click("Contact us");
  submit(page);
  assert.match(page.text("alert"), /at least one field/);
  page.type("Email", JANE.email);
  assert.ok(page.get("button", "Save"));
  submit(page);
  assert.deepEqual(socket.sent, [{ type: "contact_info", email: JANE.email }]);
  socket.say({ type: "contact_info_saved" });
  page.draw();
  assert.equal(page.all("textbox", "Email").length, 0);
  assert.match(page.text("status"), /Thank you/);
});

test("none: no form", async () => {
  const page = await open({ contact_info_mode: "none" });
  page.start();
  assert.deepEqual(
    page.all("textbox").map((each) => each.localName),
    ["textarea"],
  );
});

test("a session with contact details does not show the form again", async () => {
  const page = await open(REQUIRED, { local: { "loquent:wid_one:token": "wst_one" } });
  page.click("Open chat");
  assert.equal(page.all("textbox").length, 0);
  page.socket.accept().say(session({ contact_info_submitted: true, resumed: true }));
  page.draw();
  assert.ok(page.get("textbox", "Message"));
});

test("an unconfirmed form is sent again after a reconnect", async () => {
  const page = await open(REQUIRED);
  page.start();
  fill(page, JANE);
  submit(page);
  page.socket.drop();
  page.clock.tick(1000);
  page.socket.accept().say(session({ resumed: true }));
  assert.deepEqual(page.socket.sent, [{ type: "contact_info", ...JANE }]);
});

test("messages wait until a required form is accepted", async () => {
  const page = await open(REQUIRED);
  const socket = page.start();
  page.win.Loquent.send("Hello");
  assert.deepEqual(socket.sent, []);
  socket.say({ type: "contact_info_saved" });
  assert.deepEqual(
    socket.sent.map(({ content }) => content),
    ["Hello"],
  );
});

test("the form's fields survive navigation until they are saved", async () => {
  const page = await open(REQUIRED);
  const socket = page.start();
  page.type("Email", "jane@exa");
  const name = "loquent:wid_one:draft";
  const next = await open(REQUIRED, { tab: { [name]: page.win.sessionStorage.getItem(name) } });
  next.start();
  assert.equal(next.get("textbox", "Email").value, "jane@exa");
  socket.say({ type: "contact_info_saved" });
  page.draw();
  assert.doesNotMatch(page.win.sessionStorage.getItem(name), /jane/);
});
