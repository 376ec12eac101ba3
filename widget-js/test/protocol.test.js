import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { newConversationFrame, regenerateFrame } from "../src/conversation/later-actions.js";
import { frames, newMessageId, parseFrame, subprotocols } from "../src/conversation/protocol.js";
import { pageFrame } from "../src/embed/page.js";
import { decision } from "../src/more/action-cards.js";
import { lengthOf } from "../src/more/length.js";
import * as people from "../src/more/people/frames.js";

const golden = JSON.parse(readFileSync(new URL("../../docs/frames.json", import.meta.url), "utf8"));
const named = (name) => golden.client.find((each) => each.name === name).frame;

for (const { name, version, frame } of golden.server) {
  test(`reads the server frame: ${name} (${version})`, () => {
    const parsed = parseFrame(JSON.stringify(frame));
    assert.equal(parsed.type, frame.type);
    for (const [field, value] of Object.entries(frame)) {
      if (field === "messages") {
        assert.equal(parsed.messages.length, value.length);
        value.forEach((message, index) => {
          for (const key in message) assert.deepEqual(parsed.messages[index][key], message[key]);
        });
      } else assert.deepEqual(parsed[field], value, field);
    }
  });
}

const built = {
  message: frames.message("Hello!"),
  "message with idempotency key": frames.message("Do you ship to Norway?", "c_7bVd1kQ2"),
  contact_info: frames.contactInfo({
    name: "Jane",
    email: "jane@example.com",
    phone: "+1234567890",
  }),
  stop: frames.stop(),
  regenerate: regenerateFrame("0198f0a2-7c11-7d33-9a41-5b2f0c9d1e02"),
  feedback: frames.feedback("0198f0a2-7c11-7d33-9a41-5b2f0c9d1e02", "up", "Just what I needed"),
  "feedback taken back": frames.feedback("0198f0a2-7c11-7d33-9a41-5b2f0c9d1e02", null),
  page: JSON.parse(
    pageFrame({
      href: "https://shop.example.com/bags?size=32",
      title: "Bags",
      referrer: "https://search.example.com/",
      context: { cart: ["gurten-32"], signed_in: true },
    }),
  ),
  new_conversation: newConversationFrame(),
  ask_person: people.asking("ask_person"),
  ask_agent: people.asking("ask_agent"),
  reply_email: people.replyEmail("jane@example.com"),
  seen: people.seenUpTo(7),
  survey: people.survey(5, "Quick and friendly"),
  action: decision("0198f0a2-7c14-7d33-9a41-5b2f0c9d1e05", true),
  ping: frames.ping(),
};

for (const [name, frame] of Object.entries(built)) {
  test(`builds the client frame: ${name}`, () => assert.deepEqual(frame, named(name)));
}

test("builds every client frame that the golden file knows", () => {
  const types = new Set(golden.client.map(({ frame }) => frame.type));
  assert.deepEqual(types, new Set(Object.values(built).map(({ type }) => type)));
});

for (const raw of [
  ...["", "null", "7", "[]", '"x"', "{}", '{"type":"shout"}', '{"type":["message"]}', "not json"],
  ...['{"type":"session"}', '{"type":"message"}', '{"type":"message","content":7}'],
  ...['{"type":"delta","offset":"0","content":"x"}', '{"type":"history","messages":{}}'],
  ...['{"type":"constructor"}', '{"type":"__proto__"}', '{"type":"toString"}'],
]) {
  test(`ignores ${raw}`, () => assert.equal(parseFrame(raw), null));
}

test("an invalid message in the history does not affect the others", () => {
  const raw = {
    type: "history",
    messages: [null, { role: "user" }, { role: "user", content: "a", sources: null }],
  };
  const { messages } = parseFrame(JSON.stringify(raw));
  assert.deepEqual(
    messages.map(({ content, sources }) => [content, sources]),
    [["a", []]],
  );
});

test("the token is sent as a subprotocol if it is valid there", () => {
  assert.deepEqual(subprotocols(null), ["loquent.v2"]);
  assert.deepEqual(subprotocols("wst_a-b"), ["loquent.v2", "loquent.token.wst_a-b"]);
  assert.deepEqual(subprotocols("a b,c"), ["loquent.v2"]);
});

test("idempotency keys are valid and unique", () => {
  const keys = Array.from({ length: 500 }, () => newMessageId(crypto));
  for (const key of keys) assert.match(key, /^[\w-]{1,64}$/);
  assert.equal(new Set(keys).size, keys.length);
});

test("counts code points of the trimmed, composed text", () => {
  assert.equal(lengthOf("  a\u0301b😀 "), 3);
});
