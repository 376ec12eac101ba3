import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";

const answer = (id, role = "assistant") => ({
  ...{ type: "message", role, content: "Hello", id, seq: 2, status: "complete", sources: [] },
  created_at: "2026-11-22T10:00:01.000000Z",
});
const CHOICE = "loquent:wid_one:sound";

function fakeAudio(page) {
  const log = { contexts: 0, tones: 0, closed: 0 };
  const node = { connect: (next) => next };
  page.win.AudioContext = class {
    currentTime = 0;
    destination = {};
    constructor() {
      log.contexts++;
    }
    createOscillator() {
      log.tones++;
      return { ...node, frequency: {}, start() {}, stop() {} };
    }
    createGain() {
      return { ...node, gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} } };
    }
    async resume() {}
    async close() {
      log.closed++;
    }
  };
  return log;
}

async function started({ data = {}, ...options } = {}) {
  const page = openPage(options);
  const log = fakeAudio(page);
  await page.embed("wid_one", data);
  page.start();
  return { page, log };
}

function hide(page, hidden) {
  Object.defineProperty(page.win.Document.prototype, "hidden", {
    value: hidden,
    configurable: true,
  });
}

test("an answer plays a sound only if the panel is closed or the page hidden", async () => {
  const { page, log } = await started();
  page.socket.say(answer("a"));
  page.clock.tick(1000);
  assert.deepEqual(log, { contexts: 0, tones: 0, closed: 0 });
  hide(page, true);
  page.socket.say(answer("b"));
  page.clock.tick(1000);
  assert.deepEqual(log, { contexts: 1, tones: 2, closed: 0 });
  hide(page, false);
  page.click("Close chat");
  page.socket.say(answer("c"), answer("d", "user"));
  page.clock.tick(1000);
  assert.deepEqual(log, { contexts: 1, tones: 4, closed: 0 });
  page.win.Loquent.destroy();
  assert.equal(log.closed, 1);
});

test("only one tab plays the sound, and none if one of them shows the answer", async () => {
  const { page, log } = await started();
  page.click("Close chat");
  page.socket.say(answer("a"));
  page.win.localStorage.setItem("loquent:wid_one:heard", "a");
  page.clock.tick(1000);
  assert.equal(log.tones, 0);
});

test("the menu turns the sound off and on, and the choice is stored", async () => {
  const { page, log } = await started();
  page.click("Menu");
  const pressed = () => page.get("button", "Sound").getAttribute("aria-pressed");
  assert.equal(pressed(), "true");
  page.click("Sound");
  assert.equal(pressed(), "false");
  assert.equal(page.win.localStorage.getItem(CHOICE), "off");
  page.click("Close chat");
  page.socket.say(answer("a"));
  page.clock.tick(1000);
  assert.equal(log.tones, 0);
  const { page: next } = await started({ local: { [CHOICE]: "off" } });
  next.click("Menu");
  assert.equal(next.get("button", "Sound").getAttribute("aria-pressed"), "false");
});

test("data-sound turns it off until the visitor says otherwise", async () => {
  const { page } = await started({ data: { sound: "off" } });
  page.click("Menu");
  const pressed = () => page.get("button", "Sound").getAttribute("aria-pressed");
  assert.equal(pressed(), "false");
  page.click("Sound");
  assert.equal(pressed(), "true");
});

test("a browser without audio, or that blocks it, causes no error", async () => {
  const { page } = await started();
  page.click("Close chat");
  delete page.win.AudioContext;
  page.socket.say(answer("a"));
  page.clock.tick(1000);
  assert.equal(page.root.querySelector(".badge").textContent, "1");
  assert.deepEqual(page.errors, []);
});
