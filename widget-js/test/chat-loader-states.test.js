import assert from "node:assert/strict";
import { test } from "node:test";
import { createChatLoader } from "../src/embed/chat-loader.js";
import { createChunks } from "../src/embed/chunks.js";
import { createClock } from "./support/clock.js";

const settle = () => new Promise((done) => setImmediate(done));

/** A chat loader without a page: `files` are the requested files, `calls` what the chat was told. */
function setUp(locale = "en") {
  const clock = createClock();
  const win = Object.assign(new EventTarget(), clock);
  const files = [];
  const calls = [];
  const failures = [];
  const progress = { busy: false, failed: false };
  const launcher = { wait: (busy, failed) => Object.assign(progress, { busy, failed }) };
  const record =
    (name) =>
    (...args) =>
      void calls.push([name, ...args].join(" "));
  const names = "open close send deliver prefill identify reset setStrings destroy".split(" ");
  const runtime = Object.fromEntries(names.map((name) => [name, record(name)]));
  runtime.isOpen = () => true;
  const module = { createChatRuntime: () => runtime };
  const chunks = createChunks(
    (_base, name) =>
      new Promise((resolve, reject) =>
        files.push({ name, resolve: () => resolve({ default: {}, ...module }), reject }),
      ),
  );
  const context = { win, base: "https://chat.example", launcher, options: {} };
  const chatLoader = createChatLoader(
    context,
    chunks,
    () => locale,
    () => failures.push(files.length),
  );
  const online = () => win.dispatchEvent(new Event("online"));
  const open = () => chatLoader.open((chat) => chat.open(true));
  const chatFiles = () => files.filter(({ name }) => name === "chat");
  const arrive = async (file) => {
    file.resolve();
    await settle();
  };
  const fail = async (file) => {
    file.reject(new Error("offline"));
    await settle();
  };
  return {
    ...{ clock, chatLoader, files, chatFiles, calls, failures, progress },
    ...{ online, open, arrive, fail },
  };
}

for (const [request, run, busy, call] of [
  ["open", (t) => t.open(), true, "open true"],
  ["send", (t) => t.chatLoader.send("Hello"), true, "send Hello"],
  ["deliver", (t) => t.chatLoader.deliver(), false, "deliver"],
]) {
  test(`idle: ${request} starts loading, and is done once the chat runs`, async () => {
    const t = setUp();
    assert.equal(t.clock.pending, 0);
    run(t);
    assert.equal(t.chatFiles().length, 1);
    assert.deepEqual(t.progress, { busy, failed: false });
    assert.equal(t.clock.pending, 1);
    await t.arrive(t.files[0]);
    assert.deepEqual(t.calls, [call]);
    assert.equal(t.clock.pending, 0);
    assert.deepEqual(t.progress, { busy: false, failed: false });
  });
}

test("idle: open runs the chat immediately if its files were loaded in advance", async () => {
  const t = setUp();
  t.chatLoader.warm();
  await t.arrive(t.files[0]);
  assert.equal(t.chatLoader.runtime(), null);
  t.open();
  assert.deepEqual(t.calls, ["open true"]);
});

test("idle: prefill, identify, close, reset and the network's return request nothing", () => {
  const t = setUp();
  t.chatLoader.prefill("My order");
  t.chatLoader.identify({ name: "Jane" });
  t.chatLoader.close();
  t.chatLoader.reset();
  t.online();
  assert.equal(t.files.length, 0);
  assert.equal(t.clock.pending, 0);
});

test("loading: further requests share one file and restart its timeout", async () => {
  const t = setUp();
  t.chatLoader.send("one");
  t.clock.tick(19_000);
  t.chatLoader.send("two");
  t.open();
  t.online();
  t.clock.tick(19_000);
  assert.equal(t.failures.length, 0);
  assert.equal(t.chatFiles().length, 1);
  await t.arrive(t.files[0]);
  assert.deepEqual(t.calls, ["send one", "send two", "open true"]);
});

test("loading: a file that fails leads to waiting, reported once per series of failures", async () => {
  const t = setUp();
  t.open();
  t.online();
  await t.fail(t.files[0]);
  assert.deepEqual(t.progress, { busy: true, failed: true });
  assert.equal(t.clock.pending, 1);
  for (const [delay, count] of [
    [1_000, 2],
    [3_000, 3],
    [10_000, 4],
    [30_000, 5],
    [30_000, 6],
  ]) {
    t.clock.tick(delay - 1);
    assert.equal(t.chatFiles().length, count - 1);
    t.clock.tick(1);
    assert.equal(t.chatFiles().length, count);
    await t.fail(t.files.at(-1));
  }
  assert.deepEqual(t.failures, [1]);
});

test("loading: the timeout leads to waiting, and the failure of the old file no longer counts", async () => {
  const t = setUp();
  t.open();
  t.clock.tick(20_000);
  assert.equal(t.progress.failed, true);
  t.clock.tick(1_000);
  assert.equal(t.chatFiles().length, 2);
  await t.fail(t.files[0]);
  t.clock.tick(3_000);
  assert.equal(t.chatFiles().length, 2);
  await t.arrive(t.files[1]);
  assert.deepEqual(t.calls, ["open true"]);
});

for (const [event, run] of [
  ["the network's return", (t) => t.online()],
  ["open", (t) => t.open()],
  ["send", (t) => t.chatLoader.send("Hello")],
  ["deliver", (t) => t.chatLoader.deliver()],
]) {
  test(`waiting: ${event} loads again immediately`, async () => {
    const t = setUp();
    t.open();
    await t.fail(t.files[0]);
    run(t);
    assert.equal(t.chatFiles().length, 2);
    assert.equal(t.clock.pending, 1);
    assert.deepEqual(t.progress, { busy: true, failed: true });
  });
}

test("waiting: a file that arrives after its timeout starts the chat", async () => {
  const t = setUp();
  t.open();
  t.clock.tick(20_000);
  await t.arrive(t.files[0]);
  assert.deepEqual(t.calls, ["open true"]);
  assert.equal(t.clock.pending, 0);
});

test("a listener that closes the chat on the first failure ends the tries", async () => {
  const t = setUp();
  t.failures.push = () => t.chatLoader.close();
  t.open();
  await t.fail(t.files[0]);
  assert.equal(t.clock.pending, 0);
});

for (const [event, run] of [
  ["strings that arrive", (t) => t.arrive(t.files[0])],
  ["strings that fail", (t) => t.fail(t.files[0])],
  ["the timeout", (t) => t.clock.tick(2_000)],
]) {
  test(`translating: ${event} start the chat`, async () => {
    const t = setUp("de");
    t.open();
    await t.arrive(t.files[1]);
    assert.deepEqual(t.calls, []);
    assert.equal(t.clock.pending, 1);
    await run(t);
    assert.equal(t.calls.at(-1), "open true");
    assert.equal(t.clock.pending, 0);
  });
}

test("translating: a further request restarts the timeout, without another file", async () => {
  const t = setUp("de");
  t.open();
  await t.arrive(t.files[1]);
  t.clock.tick(1_500);
  t.chatLoader.send("Hello");
  await settle();
  t.clock.tick(1_500);
  assert.deepEqual(t.calls, []);
  assert.equal(t.files.length, 2);
  t.clock.tick(500);
  assert.deepEqual(t.calls, ["send Hello", "open true"]);
});

test("running in English: the strings replace it when they arrive", async () => {
  const t = setUp("de");
  t.open();
  await t.arrive(t.files[1]);
  t.clock.tick(2_000);
  assert.deepEqual(t.calls, ["open true"]);
  await t.arrive(t.files[0]);
  assert.match(t.calls[1], /^setStrings/);
});

/** Lead the loader from idle into each state that waits for something. */
const WAYS = {
  async loading() {},
  waiting: (t) => t.fail(t.files[1]),
  translating: (t) => t.arrive(t.files[1]),
};
for (const [state, lead] of Object.entries(WAYS)) {
  for (const method of ["close", "reset", "destroy"]) {
    test(`${state}: ${method} leads back to idle`, async () => {
      const t = setUp("de");
      t.open();
      await lead(t);
      t.chatLoader[method]();
      assert.equal(t.clock.pending, 0);
      t.online();
      await t.arrive(t.files[0]);
      await t.arrive(t.files[1]);
      assert.equal(t.files.length, 2);
      assert.deepEqual(t.calls, []);
      assert.equal(t.chatLoader.runtime(), null);
    });
  }

  test(`${state}: close keeps what is still to be sent`, async () => {
    const t = setUp("de");
    t.open();
    t.chatLoader.send("Hello");
    await lead(t);
    t.chatLoader.close();
    assert.equal(t.clock.pending, 1);
    assert.equal(t.chatLoader.isOpen(), false);
  });
}

test("running: every call goes to the chat; destroy ends it", async () => {
  const t = setUp();
  t.chatLoader.prefill("My order");
  t.open();
  await t.arrive(t.files[0]);
  t.open();
  t.chatLoader.send("Hello");
  t.chatLoader.deliver();
  t.chatLoader.close();
  t.chatLoader.reset();
  t.online();
  t.chatLoader.destroy();
  assert.deepEqual(t.calls, [
    ...["prefill My order", "open true", "open true", "send Hello", "close", "reset", "destroy"],
  ]);
  assert.equal(t.chatLoader.runtime(), null);
  assert.equal(t.files.length, 1);
});
