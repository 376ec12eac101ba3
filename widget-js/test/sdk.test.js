import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, settle } from "./support/page.js";
import { session } from "./support/socket.js";

for (const [name, answers] of [
  ["unknown or disabled", { config: { status: 404 } }],
  ["refused", { config: null }],
]) {
  test(`${name}: calls have no effect once the refusal is believed`, async () => {
    const page = openPage({ answers });
    await page.embed();
    page.win.Loquent.open();
    page.clock.tick(5000);
    await settle();
    page.win.Loquent.push(["send", "x"]);
    delete answers.config;
    page.clock.tick(600_000);
    await settle();
    page.win.Loquent.close();
    page.draw();
    assert.deepEqual([page.hosts.length, page.sockets.length, page.errors.length], [1, 0, 0]);
    assert.equal(page.all("dialog").length, 0);
  });
}

test("calls made before the script has loaded run afterwards", async () => {
  const page = openPage();
  const seen = [];
  page.win.Loquent = [
    ["on", "open", () => seen.push("open")],
    ["prefill", "Hi"],
    ["open"],
    ["nonsense"],
    7,
  ];
  await page.embed();
  page.draw();
  assert.deepEqual(seen, ["open"]);
  assert.equal(page.get("textbox", "Message").value, "Hi");
});

test("after it has loaded, methods and push both work", async () => {
  const page = openPage();
  await page.embed();
  page.win.Loquent.open();
  page.draw();
  assert.equal(page.all("dialog").length, 1);
  page.win.Loquent.push(["close"]);
  page.draw();
  assert.equal(page.all("dialog").length, 0);
  page.win.Loquent.toggle();
  page.draw();
  assert.equal(page.all("dialog").length, 1);
});

test("send connects and is sent once the session starts", async () => {
  const page = openPage();
  await page.embed();
  page.win.Loquent.send(" Hello ");
  page.socket.accept().say(session());
  assert.deepEqual(
    page.socket.sent.map(({ content }) => content),
    ["Hello"],
  );
});

test("identify fills the form in and sends it as the visitor would", async () => {
  const page = openPage({ config: { contact_info_mode: "optional" } });
  await page.embed();
  const socket = page.start();
  page.win.Loquent.identify({ email: "jane@example.com", type: "stop" });
  page.draw();
  assert.deepEqual(socket.sent, [{ type: "contact_info", email: "jane@example.com" }]);
  page.click("Menu");
  page.click("Contact us");
  assert.equal(page.get("textbox", "Email").value, "jane@example.com");
});

test("events reach their listeners, and a listener that throws is reported", async () => {
  const page = openPage();
  await page.embed();
  const seen = [];
  const { Loquent } = page.win;
  Loquent.on("message", () => {
    throw new Error("page");
  });
  const off = Loquent.on("message", (message) => seen.push(message));
  const listener = (error) => seen.push(error);
  Loquent.on("error", listener);
  const socket = page.start();
  const message = { type: "message", role: "assistant", content: "a" };
  socket.say(message, { type: "error", code: "internal", message: "b" });
  off();
  Loquent.off("error", listener);
  socket.say(message, { type: "error", code: "internal", message: "b" });
  assert.deepEqual(seen, [
    { id: null, role: "assistant", content: "a" },
    { code: "internal", message: "b" },
  ]);
  assert.deepEqual(
    page.errors.map((error) => error.message),
    ["page", "page"],
  );
});

test("the same tag twice creates one widget, two ids create two", async () => {
  const page = openPage();
  await page.embed("wid_one");
  await page.embed("wid_one");
  await page.embed("wid_two");
  assert.equal(page.hosts.length, 2);
  assert.equal(page.requests.length, 2);
  const { Loquent } = page.win;
  Loquent.get("wid_two").open();
  page.draw();
  assert.equal(page.hosts[0].shadowRoot.querySelectorAll("[role=dialog]").length, 0);
  assert.equal(page.hosts[1].shadowRoot.querySelectorAll("[role=dialog]").length, 1);
  assert.match(page.socket.url, /wid_two/);
  assert.equal(Loquent.get("wid_none"), null);
  assert.equal(Loquent.get(), Loquent.get("wid_one"));
  Loquent.get("wid_one").destroy();
  assert.equal(page.hosts.length, 1);
});

test("destroy works while the config is loading", async () => {
  const page = openPage();
  const done = page.embed("wid_one", {}, { cold: true });
  page.win.Loquent.destroy();
  await done;
  assert.equal(page.hosts.length, 0);
});

test("reset forgets the visitor", async () => {
  const page = openPage();
  await page.embed();
  page.start();
  page.write("Hello");
  page.win.Loquent.reset();
  page.draw();
  assert.deepEqual(page.lines, ["Hi, how can I help?"]);
  assert.deepEqual(page.socket.protocols, ["loquent.v2"]);
  assert.equal(page.sockets.length, 2);
  assert.equal(page.win.localStorage.length, 0);
});

for (const [name, next] of [
  ["has no", ({ win }) => win.document.dispatchEvent(new win.Event("DOMContentLoaded"))],
  ["has just replaced its", ({ clock }) => clock.tick(1000)],
])
  test(`the widget waits for a body if the page ${name} body`, async () => {
    const page = openPage();
    const { prototype } = page.win.Document;
    const body = Object.getOwnPropertyDescriptor(prototype, "body");
    Object.defineProperty(prototype, "body", { get: () => null, configurable: true });
    await page.embed();
    next(page);
    await settle();
    assert.equal(page.hosts.length, 0);
    Object.defineProperty(prototype, "body", body);
    next(page);
    await settle();
    assert.equal(page.hosts.length, 1);
    page.draw();
    assert.equal(page.clock.pending, 0);
  });

test("data-open opens it, data-theme and setTheme choose the theme", async () => {
  const page = openPage();
  await page.embed("wid_one", { open: "", theme: "dark" });
  page.draw();
  assert.equal(page.all("dialog").length, 1);
  const isDark = () => page.root.querySelector(".root").classList.contains("dark");
  assert.equal(isDark(), true);
  page.win.Loquent.setTheme("light");
  assert.equal(isDark(), false);
});
