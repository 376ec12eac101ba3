import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { line } from "./support/socket.js";

/** Record the widget's listeners on the page, its window and its media queries. */
function watch(page) {
  const live = [];
  const { prototype } = page.win.EventTarget;
  const { addEventListener, removeEventListener } = prototype;
  prototype.addEventListener = function (type, listener, ...rest) {
    // jsdom itself listens for the mouse.
    if (!type.startsWith("mouse")) live.push({ target: this, type, listener });
    return addEventListener.call(this, type, listener, ...rest);
  };
  prototype.removeEventListener = function (type, listener, ...rest) {
    const at = live.findIndex(
      (each) => each.target === this && each.type === type && each.listener === listener,
    );
    if (at >= 0) live.splice(at, 1);
    return removeEventListener.call(this, type, listener, ...rest);
  };
  const global = () => [page.win, page.win.document, page.win.visualViewport, page.win.navigation];
  return () => live.filter(({ target }) => global().includes(target)).map(({ type }) => type);
}

const withEverything = (navigation) => {
  const page = openPage({ config: { contact_info_mode: "optional" } });
  const { win } = page;
  const listening = watch(page);
  win.visualViewport = Object.assign(new win.EventTarget(), { height: 600, offsetTop: 0 });
  if (navigation) win.navigation = new win.EventTarget();
  const contexts = [];
  win.AudioContext = class {
    currentTime = 0;
    state = "running";
    constructor() {
      contexts.push(this);
    }
    async resume() {}
    async close() {
      this.state = "closed";
    }
    createOscillator() {
      return { frequency: {}, connect: (to) => to, start() {}, stop() {} };
    }
    createGain() {
      const gain = { setValueAtTime() {}, exponentialRampToValueAtTime() {} };
      return { gain, connect: (to) => to };
    }
  };
  return { page, listening, contexts };
};

for (const navigation of [true, false]) {
  test(`destroy leaves no node, listener, timer, socket or sound (navigation: ${navigation})`, async () => {
    const { page, listening, contexts } = withEverything(navigation);
    const nodes = page.win.document.querySelectorAll("*").length;
    const keys = Object.keys(page.win).length;
    await page.embed();
    const socket = page.start({}, { type: "message", ...line("assistant", "One", { seq: 1 }) });
    page.click("Close chat");
    socket.say({ type: "message", ...line("assistant", "Two", { seq: 2 }) });
    page.clock.tick(1000);
    page.click("Open chat");
    socket.say({ type: "typing_start", message_id: "a" });
    socket.say({ type: "delta", message_id: "a", offset: 0, content: "x".repeat(99) });
    page.write("Hello");
    socket.say({
      ...{ type: "error", code: "rate_limited", retry_after: 9, message: "b" },
      client_message_id: socket.sent.at(-1).client_message_id,
    });
    page.win.Loquent.setPageContext({ a: 1 });
    page.win.Loquent.setLocale("de");
    page.win.history.pushState({}, "", "/next");
    page.win.dispatchEvent(new page.win.Event("popstate"));
    assert.ok(listening().length > 5, listening().join());
    assert.ok(page.clock.pending > 0);
    page.win.Loquent.destroy();
    assert.deepEqual(listening(), []);
    assert.equal(page.queries.length, 0);
    assert.equal(page.hosts.length, 0);
    // The tag stays: it belongs to the page.
    assert.equal(page.win.document.querySelectorAll("*").length, nodes + 1);
    assert.equal(page.clock.pending, 0);
    assert.equal(socket.closedBy, "client");
    assert.equal(contexts.length, 1);
    assert.equal(contexts[0].state, "closed");
    assert.equal(Object.keys(page.win).length, keys + 1);
    for (let n = 0; n < 5; n++) await new Promise(setImmediate);
    page.clock.tick(300_000);
    assert.equal(page.sockets.length, 1);
    assert.deepEqual(page.errors, []);
  });
}

test("destroying one widget does not affect the other", async () => {
  const { page } = withEverything(true);
  await page.embed("wid_one");
  await page.embed("wid_two");
  page.win.Loquent.get("wid_two").destroy();
  page.start();
  assert.equal(page.hosts.length, 1);
  assert.equal(page.win.Loquent.get("wid_two"), null);
});

test("a destroyed widget does nothing more, and can be mounted again", async () => {
  const page = openPage();
  await page.embed();
  const widget = page.win.Loquent.get();
  page.win.Loquent.destroy();
  widget.open();
  widget.send("Hello");
  widget.destroy();
  assert.equal(page.sockets.length, 0);
  await page.embed();
  assert.equal(page.hosts.length, 1);
});
