import assert from "node:assert/strict";
import { test } from "node:test";
import { afterClose, backOff } from "../src/conversation/reconnect.js";

const table = [
  [1000, { wait: 500 }],
  [1001, { wait: 2500 }],
  [1005, { wait: 500 }],
  [1006, { wait: 500 }],
  [1009, { stop: "closed" }],
  [1011, { wait: 500 }],
  [1012, { wait: 2500 }],
  [4400, { stop: "closed" }],
  [4403, { stop: "gone" }],
  [4404, { stop: "gone" }],
  [4408, { sleep: true }],
  [4409, { stop: "closed" }],
];

for (const [code, next] of table) {
  test(`close code ${code}`, () => assert.deepEqual(afterClose(code, 0, 0.5, null), next));
}

test("4429 waits as long as the server said, and backs off when it did not say", () => {
  assert.deepEqual(afterClose(4429, 3, 0.5, 40), { wait: 40_000, firm: true });
  assert.deepEqual(afterClose(4429, 3, 0.5, null), { wait: 4000 });
});

test("the delay doubles up to 30 s, with full jitter", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 9, 60].map((n) => backOff(n, 1)),
    [...[1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]],
  );
  assert.equal(backOff(5, 0), 0);
});
