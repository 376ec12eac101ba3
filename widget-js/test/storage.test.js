import assert from "node:assert/strict";
import { test } from "node:test";
import { readOutbox } from "../src/conversation/outbox.js";
import { openStorage } from "../src/embed/storage.js";
import { openPage } from "./support/page.js";
import { session } from "./support/socket.js";

test("memory replaces storage that throws", () => {
  const win = {
    get localStorage() {
      throw new Error("SecurityError");
    },
    sessionStorage: {
      getItem: () => null,
      setItem() {
        throw new Error("QuotaExceededError");
      },
      removeItem() {},
    },
  };
  const { local, tab } = openStorage(win, "wid_one");
  for (const box of [local, tab]) {
    assert.equal(box.get("token"), null);
    box.set("token", "a");
    assert.equal(box.get("token"), "a");
    box.set("token", null);
    assert.equal(box.get("token"), null);
  }
});

test("the chat works without any storage", async () => {
  const page = openPage();
  for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(page.win, name, {
      get() {
        throw new Error("SecurityError");
      },
    });
  }
  await page.embed();
  page.start();
  page.write("Hello");
  page.socket.drop();
  page.clock.tick(1000);
  assert.deepEqual(page.socket.protocols, ["loquent.v2", "loquent.token.wst_one"]);
  page.socket.accept().say(session({ resumed: true }));
  assert.deepEqual(
    page.socket.sent.map(({ content }) => content),
    ["Hello"],
  );
});

for (const value of ["{", "null", "7", '{"a":1}', "[null]", '[{"cid":1}]']) {
  test(`an invalid outbox counts as empty: ${value}`, () => {
    assert.deepEqual(readOutbox({ get: () => value, set() {} }), []);
  });
}

test("an invalid draft or token in storage causes no error", async () => {
  const page = openPage({
    tab: { "loquent:wid_one:draft": "null" },
    local: { "loquent:wid_one:token": "not, a token" },
  });
  await page.embed();
  page.start();
  assert.deepEqual(page.socket.protocols, ["loquent.v2"]);
  page.write("Hello");
  assert.equal(page.socket.sent.length, 1);
});
