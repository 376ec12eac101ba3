import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseFrame } from "../src/conversation/protocol.js";
import {
  afterFrame,
  afterLink,
  afterSend,
  initialState,
  lastSeq,
  needsContact,
} from "../src/conversation/state.js";

const golden = JSON.parse(readFileSync(new URL("../../docs/frames.json", import.meta.url), "utf8"));
/** Frames that the third file reads. */
const unused = new Set(["conversation", "staff_typing", "reply_email_saved", "survey_saved"]);

function freeze(value) {
  if (value && typeof value === "object") Object.values(value).forEach(freeze);
  return Object.freeze(value);
}

const busy = freeze({
  ...initialState(),
  v2: true,
  ready: true,
  outbox: [
    { cid: "c_7bVd1kQ2", content: "Do you ship to Norway?" },
    { cid: "c_7bVd1kQ3", content: "And?" },
  ],
  turn: { id: "0198f0a2-7c11-7d33-9a41-5b2f0c9d1e02", text: "Yes, ", done: false, stopping: false },
});

/** The expected changes after each golden frame; none may mutate the previous state. */
const effects = {
  session: ({ token, ready, turn }) =>
    assert.deepEqual([token, ready, turn], ["wst_EXAMPLE", true, null]),
  history: ({ messages }) => assert.equal(messages.length, 2),
  ack: ({ messages, outbox }) =>
    assert.deepEqual([messages[0].content, outbox.length], ["Do you ship to Norway?", 1]),
  typing_start: ({ turn }) => assert.equal(turn.done, false),
  delta: ({ turn }) => assert.equal(turn.text, "Yes, within five "),
  message: ({ messages }) => assert.equal(messages.length, 1),
  typing_stop: ({ turn }) => assert.equal(turn, null),
  contact_info_saved: ({ submitted }) => assert.equal(submitted, true),
  feedback_saved: (state) => assert.deepEqual(state, busy),
  error: (state) => assert.ok(state.alert || state.outbox[1].held),
  pong: (state) => assert.deepEqual(state, busy),
};

for (const { name, version, frame } of golden.server.filter(
  ({ frame }) => !unused.has(frame.type),
)) {
  test(`the state after: ${name} (${version})`, () => {
    const parsed = freeze(parseFrame(JSON.stringify(frame)));
    effects[frame.type]({ ...busy, ...afterFrame(busy, parsed) });
  });
}

test("the last seq is the last before the first gap", () => {
  const messages = (...all) => all.map((seq) => ({ seq, id: `${seq}`, role: "user" }));
  const of = (...all) => lastSeq({ ...busy, messages: messages(...all) });
  assert.deepEqual([of(), of(1, 2, 3), of(7, 8), of(1, 2, 4), of(3, 3.5, 4)], [0, 3, 8, 2, 4]);
});

test("the newest answer is requested again, because it may have been regenerated", () => {
  const of = (roles) =>
    lastSeq({
      ...busy,
      messages: [...roles].map((role, at) => ({
        seq: at + 1,
        id: `${at}`,
        role: role === "u" ? "user" : "assistant",
      })),
    });
  assert.deepEqual([of("ua"), of("uau"), of("uaua"), of("u")], [1, 1, 3, 1]);
});

test("a lost link has nothing in flight", () => {
  const sent = { ...busy, outbox: [{ cid: "a", content: "b", sent: true }] };
  const { outbox, ready, lost } = afterLink(sent, "waiting", "", false);
  assert.deepEqual([outbox[0].sent, ready, lost], [false, false, true]);
});

test("a sent message waits for its ack in v2, and counts as accepted in base", () => {
  assert.equal(afterSend(busy, "c_7bVd1kQ2").outbox[0].sent, true);
  const base = afterSend({ ...busy, v2: false }, "c_7bVd1kQ2");
  assert.deepEqual([base.outbox.length, base.messages[0].content], [1, "Do you ship to Norway?"]);
});

test("the form is needed only if something is collected and nothing is known", () => {
  const config = {
    contact_info_mode: "required",
    collect_name: false,
    collect_email: true,
    collect_phone: false,
  };
  assert.equal(needsContact(config, busy), true);
  assert.equal(needsContact(config, { ...busy, submitted: true }), false);
  assert.equal(needsContact({ ...config, contact_info_mode: "optional" }, busy), false);
  assert.equal(needsContact({ ...config, collect_email: false }, busy), false);
});
