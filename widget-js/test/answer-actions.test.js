import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, settle } from "./support/page.js";
import { line, session } from "./support/socket.js";

const asked = line("user", "Hi", { id: "u1", seq: 1, client_message_id: "c_1" });
const answered = line("assistant", "Hello **you**", { id: "m1", seq: 2 });
const history = (...messages) => ({ type: "history", messages, complete: true });
const start = (id) => ({ type: "typing_start", message_id: id });
const stop = { type: "typing_stop" };
const final = (id, content, more = {}) => ({
  ...{ type: "message", role: "assistant", content, id, seq: 2, status: "complete", sources: [] },
  ...{ created_at: "2026-11-22T10:00:01.000000Z" },
  ...more,
});

async function started(...messages) {
  const page = openPage({ config: { greeting: null } });
  await page.embed();
  page.start({}, ...(messages.length ? [history(...messages)] : []));
  return page;
}

const shown = (page) =>
  [...page.get("log").querySelectorAll(".line:not(.growing)")]
    .filter((each) => !each.hidden)
    .map((each) => each.querySelector(".bubble").textContent);

test("the actions of a new answer are outside the log and are not announced with it", async () => {
  const page = await started(asked);
  page.socket.say(start("m1"), final("m1", "Hello"), stop);
  page.draw();
  assert.equal(page.get("log").querySelectorAll("button").length, 0);
  for (const name of ["Copy answer", "Regenerate answer", "Good answer", "Bad answer"])
    assert.ok(page.get("button", name));
  assert.equal(page.get("log").getAttribute("aria-live"), "polite");
});

test("the next message moves the actions to their answer, unannounced and usable", async () => {
  const page = await started(asked, answered);
  page.get("button", "Good answer").focus();
  page.write("And?");
  const good = page.get("button", "Good answer");
  assert.ok(page.get("log").contains(good));
  assert.equal(page.get("log").getAttribute("aria-live"), "off");
  assert.equal(page.all("button", "Regenerate answer").length, 0);
  page.click("Good answer");
  assert.equal(page.socket.sent.at(-1).message_id, "m1");
  page.socket.say(start("m2"), final("m2", "Yes", { seq: 4 }), stop);
  page.draw();
  assert.equal(page.get("log").getAttribute("aria-live"), "polite");
});

test("copy answer copies the model's markdown and confirms it for a while", async () => {
  const page = await started(asked, answered);
  const copied = [];
  Object.defineProperty(page.win.navigator, "clipboard", {
    value: { writeText: async (text) => copied.push(text) },
  });
  page.click("Copy answer");
  await settle();
  assert.deepEqual(copied, ["Hello **you**"]);
  assert.match(page.text("status"), /Copied/);
  page.clock.tick(3000);
  assert.doesNotMatch(page.text("status"), /Copied/);
});

test("without a clipboard API it falls back to execCommand and keeps the focus", async () => {
  const page = await started(asked, answered);
  let copied = "";
  page.win.Document.prototype.execCommand = (command) => {
    copied = `${command}: ${page.root.querySelector("textarea.hidden").value}`;
    return true;
  };
  page.get("button", "Copy answer").focus();
  page.click("Copy answer");
  await settle();
  assert.equal(page.root.querySelector("textarea.hidden"), null);
  assert.match(copied, /^copy: Hello/);
  assert.equal(page.root.activeElement, page.get("button", "Copy answer"));
  assert.match(page.text("status"), /Copied/);
});

test("regenerate hides the old answer while the new one streams, then replaces it", async () => {
  const page = await started(asked, answered);
  page.click("Regenerate answer");
  assert.deepEqual(page.socket.sent, [{ type: "regenerate", message_id: "m1" }]);
  assert.deepEqual(shown(page), ["Hi"]);
  assert.equal(page.all("button", "Regenerate answer").length, 0);
  assert.equal(page.root.querySelector(".dots").closest("[hidden]"), null);
  page.socket.say(start("m2"), { type: "delta", message_id: "m2", offset: 0, content: "Good day" });
  page.draw();
  assert.equal(page.root.querySelector("[aria-busy] .bubble").textContent, "Good day");
  page.socket.say(final("m2", "Good day!"), stop);
  page.draw();
  assert.deepEqual(page.lines, ["Hi", "Good day!"]);
  assert.equal(page.get("log").getAttribute("aria-live"), "polite");
  page.click("Regenerate answer");
  assert.equal(page.socket.sent.at(-1).message_id, "m2");
});

test("two clicks on regenerate send one frame", async () => {
  const page = await started(asked, answered);
  const button = page.get("button", "Regenerate answer");
  button.click();
  button.click();
  assert.equal(page.socket.sent.length, 1);
});

for (const [name, frames] of [
  ["is refused", [{ type: "error", code: "daily_cap_reached", message: "Enough." }]],
  ["fails", [start("m2"), { type: "error", code: "agent_unavailable", message: "Enough." }, stop]],
]) {
  test(`a regeneration that ${name} keeps the old answer, unannounced, and shows the reason`, async () => {
    const page = await started(asked, answered);
    page.click("Regenerate answer");
    page.socket.say(...frames);
    page.draw();
    assert.deepEqual(shown(page), ["Hi", "Hello you"]);
    assert.match(page.text("alert"), /Enough/);
    assert.equal(page.get("log").getAttribute("aria-live"), "off");
    assert.ok(page.get("button", "Regenerate answer"));
  });
}

test("a regeneration stopped before its first word keeps the old answer", async () => {
  const page = await started(asked, answered);
  page.click("Regenerate answer");
  page.socket.say(start("m2"), stop);
  page.draw();
  assert.deepEqual(shown(page), ["Hi", "Hello you"]);
});

test("an answer regenerated in another tab replaces the old one, without a rating", async () => {
  const page = await started(asked, { ...answered, feedback: "up" });
  page.socket.say(start("m2"), final("m2", "Good day!"), stop);
  page.draw();
  assert.deepEqual(page.lines, ["Hi", "Good day!"]);
  assert.equal(page.get("button", "Good answer").getAttribute("aria-pressed"), "false");
});

test("an answer regenerated while disconnected replaces the old one", async () => {
  const page = await started(asked, answered);
  page.socket.drop();
  page.clock.tick(1000);
  assert.match(page.socket.url, /\?last_seq=1$/);
  page.socket
    .accept()
    .say(session({ resumed: true }), history({ ...answered, id: "m9", content: "New" }));
  page.draw();
  assert.deepEqual(page.lines, ["Hi", "New"]);
});

test("a failed answer can be retried", async () => {
  const page = await started(asked, { ...answered, status: "failed", content: "Hel" });
  assert.equal(page.all("button", "Regenerate answer").length, 0);
  page.click("Try again");
  assert.deepEqual(page.socket.sent, [{ type: "regenerate", message_id: "m1" }]);
});

test("a turn without an answer is retried by the id of its typing_start", async () => {
  const page = await started(asked);
  page.socket.say(
    start("m5"),
    { type: "error", code: "agent_unavailable", message: "Not now.", client_message_id: "c_1" },
    stop,
  );
  page.draw();
  assert.deepEqual(page.lines, ["Hi", "Not now."]);
  page.click("Try again");
  assert.deepEqual(page.socket.sent, [{ type: "regenerate", message_id: "m5" }]);
  page.socket.say({ type: "error", code: "rate_limited", message: "Slowly.", retry_after: 3 });
  page.draw();
  assert.deepEqual(shown(page), ["Hi", "Not now."]);
  page.click("Try again");
  page.socket.say(start("m6"), final("m6", "Here I am"), stop);
  page.draw();
  assert.deepEqual(page.lines, ["Hi", "Here I am"]);
});

test("a message replayed without its answer can be retried", async () => {
  const page = await started(asked);
  page.click("Try again");
  assert.deepEqual(page.socket.sent, [{ type: "regenerate", message_id: "u1" }]);
});

test("a message just sent has no retry button", async () => {
  const page = await started();
  page.write("Hi");
  page.socket.say({
    ...{ type: "ack", client_message_id: page.socket.sent[0].client_message_id, id: "u1", seq: 1 },
    created_at: "2026-11-22T10:00:00.000000Z",
  });
  page.draw();
  assert.equal(page.all("button", "Try again").length, 0);
});

test("a rating offers a comment, and a saved comment is confirmed", async () => {
  const page = await started(asked, answered);
  assert.equal(page.all("textbox", "Tell us more (optional)").length, 0);
  page.click("Bad answer");
  page.socket.say({ type: "feedback_saved", message_id: "m1" });
  page.draw();
  page.type("Tell us more (optional)", " Too short ");
  page.click("Send feedback");
  assert.deepEqual(page.socket.sent.at(-1), {
    ...{ type: "feedback", message_id: "m1", rating: "down", comment: "Too short" },
  });
  assert.match(page.text("status"), /Sending…/);
  page.socket.say({ type: "feedback_saved", message_id: "m1" });
  page.draw();
  assert.match(page.text("status"), /Thank you for your feedback\./);
  assert.equal(page.all("textbox", "Tell us more (optional)").length, 0);
  page.click("Good answer");
  assert.equal(page.socket.sent.at(-1).comment, "Too short");
});

test("feedback given offline is sent once on reconnect and survives the history", async () => {
  const page = await started(asked, answered);
  page.socket.drop();
  page.go(false);
  page.click("Good answer");
  page.type("Tell us more (optional)", "Nice");
  page.click("Send feedback");
  assert.match(page.text("status"), /Offline/);
  page.go(true);
  page.socket.accept().say(session({ resumed: true }), history(answered));
  page.draw();
  assert.deepEqual(page.socket.sent, [
    { type: "feedback", message_id: "m1", rating: "up", comment: "Nice" },
  ]);
  assert.equal(page.get("button", "Good answer").getAttribute("aria-pressed"), "true");
  page.socket.say({ type: "feedback_saved", message_id: "m1" });
  page.draw();
  assert.match(page.text("status"), /Thank you/);
});

test("refused feedback shows the error, is reverted, and keeps the comment", async () => {
  const page = await started(asked, answered);
  page.click("Good answer");
  page.socket.say({ type: "feedback_saved", message_id: "m1" });
  page.draw();
  page.type("Tell us more (optional)", "Nice");
  page.click("Send feedback");
  page.socket.say({ type: "error", code: "internal", message: "Please try again." });
  page.draw();
  assert.match(page.text("alert"), /Please try again/);
  assert.equal(page.get("textbox", "Tell us more (optional)").value, "Nice");
  page.click("Send feedback");
  assert.equal(page.socket.sent.at(-1).comment, "Nice");
});

test("a reason is one press after a bad rating, with what was typed", async () => {
  const page = await started(asked, answered);
  page.click("Good answer");
  assert.equal(page.all("button", "Out of date").length, 0);
  page.click("Bad answer");
  page.type("Tell us more (optional)", "since May");
  page.click("Out of date");
  const { rating, comment } = page.socket.sent.at(-1);
  assert.deepEqual([rating, comment], ["down", "Out of date: since May"]);
});

test("a click on a rating moves the focus to the comment, a key press does not", async () => {
  const page = await started(asked, answered);
  const bad = page.get("button", "Bad answer");
  bad.focus();
  bad.dispatchEvent(new page.win.MouseEvent("click", { bubbles: true, detail: 0 }));
  page.draw();
  assert.equal(page.root.activeElement, bad);
  page
    .get("button", "Good answer")
    .dispatchEvent(new page.win.MouseEvent("click", { bubbles: true, detail: 1 }));
  page.draw();
  assert.equal(page.root.activeElement, page.get("textbox", "Tell us more (optional)"));
});
