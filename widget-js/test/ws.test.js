import assert from "node:assert/strict";
import { test } from "node:test";
import { createDriver } from "../src/ws.js";
import { createClock } from "./support/clock.js";
import { fakeWebSocket, session } from "./support/socket.js";

function setUp({ reason = "", ...globals } = {}) {
  const clock = createClock();
  const sockets = [];
  const links = [];
  const asked = [];
  const win = {
    ...clock,
    WebSocket: fakeWebSocket(sockets),
    Math: { ...Math, random: () => 0.5 },
    ...globals,
  };
  const driver = createDriver(win, {
    toJson: JSON.stringify,
    url: () => "wss://chat.example/ws",
    protocols: () => ["loquent.v2"],
    onFrame() {},
    onLink: (link, why) => links.push(why ? `${link}:${why}` : link),
    async why(error) {
      asked.push(error ?? sockets.length);
      return reason;
    },
  });
  const last = () => sockets[sockets.length - 1];
  return { clock, sockets, links, asked, driver, last };
}

test("stops if the page has no working WebSocket, and reports what it threw", () => {
  const { driver, links, asked } = setUp({ WebSocket: undefined });
  driver.connect();
  driver.wake();
  assert.deepEqual(links, ["connecting", "stopped:gone"]);
  assert.equal(asked.length, 1);
  assert.ok(asked[0] instanceof TypeError);
});

const settle = () => new Promise((done) => setImmediate(done));

for (const [code, earliest] of [
  [1006, 500],
  [1011, 500],
  [1012, 2500],
  [1001, 2500],
]) {
  test(`reconnects after ${code}, not sooner than ${earliest} ms`, () => {
    const { clock, sockets, driver, last } = setUp();
    driver.connect();
    last().accept().say(session()).drop(code);
    clock.tick(earliest - 1);
    assert.equal(sockets.length, 1);
    clock.tick(1);
    assert.equal(sockets.length, 2);
  });
}

for (const code of [1009, 4400, 4403, 4404, 4409]) {
  test(`never reconnects after ${code}`, () => {
    const { clock, sockets, links, driver, last } = setUp();
    driver.connect();
    last().accept().say(session()).drop(code);
    driver.wake();
    driver.touch();
    driver.connect();
    clock.tick(3_600_000);
    assert.equal(sockets.length, 1);
    assert.match(links.at(-1), /^stopped:/);
    assert.equal(clock.pending, 0);
  });
}

test("after an idle close it sleeps until the visitor is active", () => {
  const { clock, sockets, driver, last } = setUp();
  driver.connect();
  last().accept().say(session()).drop(4408);
  driver.wake();
  clock.tick(3_600_000);
  assert.equal(sockets.length, 1);
  driver.touch();
  assert.equal(sockets.length, 2);
});

test("after 4429 nothing shortens the wait", () => {
  const { clock, sockets, driver, last } = setUp();
  driver.connect();
  last()
    .accept()
    .say({ type: "error", code: "rate_limited", message: "Slow", retry_after: 60 })
    .drop(4429);
  driver.wake();
  clock.tick(59_999);
  assert.equal(sockets.length, 1);
  clock.tick(1);
  assert.equal(sockets.length, 2);
});

test("the delays grow until a session starts, then reset", () => {
  const { clock, sockets, driver, last } = setUp();
  driver.connect();
  const waits = [];
  for (let n = 0; n < 4; n++) {
    last().accept().drop(1011);
    const before = sockets.length;
    let waited = 0;
    while (sockets.length === before) {
      clock.tick(100);
      waited += 100;
    }
    waits.push(waited);
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000]);
  last().accept().say(session()).drop(1011);
  clock.tick(500);
  assert.equal(sockets.length, 6);
});

test("wake reconnects immediately", () => {
  const { sockets, driver, last } = setUp();
  driver.connect();
  last().accept().say(session()).drop(1006);
  driver.wake();
  assert.equal(sockets.length, 2);
});

for (const [reason, stops] of [
  ["gone", true],
  ["refused", true],
  ["", false],
]) {
  test(`after three failed handshakes it asks for the reason: "${reason}"`, async () => {
    const { clock, sockets, links, asked, driver, last } = setUp({ reason });
    driver.connect();
    for (let n = 0; n < 3; n++) {
      last().drop();
      clock.tick(n < 2 ? 1000 : 0);
    }
    await settle();
    assert.deepEqual(asked, [3]);
    clock.tick(60_000);
    assert.equal(links.includes(`stopped:${reason}`), stops);
    assert.equal(sockets.length > 3, !stops);
  });
}

test("a handshake that hangs times out", () => {
  const { clock, sockets, driver } = setUp();
  driver.connect();
  clock.tick(15_000);
  assert.equal(sockets[0].closedBy, "client");
  clock.tick(1000);
  assert.equal(sockets.length, 2);
});

test("it pings while open, and replaces a socket that does not answer", () => {
  const { clock, sockets, driver, last } = setUp();
  driver.connect();
  last().accept().say(session());
  clock.tick(25_000);
  assert.deepEqual(sockets[0].sent, [{ type: "ping" }]);
  last().say({ type: "pong" });
  clock.tick(25_000);
  assert.equal(sockets[0].sent.length, 2);
  clock.tick(10_000);
  assert.equal(sockets[0].closedBy, "client");
  clock.tick(1000);
  assert.equal(sockets.length, 2);
});

test("base sockets are not pinged", () => {
  const { clock, sockets, driver, last } = setUp();
  driver.connect();
  last().accept("").say({ type: "session", session_token: "wst_a", contact_info_submitted: false });
  clock.tick(120_000);
  assert.deepEqual(sockets[0].sent, []);
  assert.equal(sockets.length, 1);
});

test("closing leaves no socket and no timer", () => {
  const { clock, sockets, driver, last } = setUp();
  driver.connect();
  last().accept().say(session());
  driver.wake();
  driver.close();
  assert.equal(sockets[0].closedBy, "client");
  assert.equal(clock.pending, 0);
});
