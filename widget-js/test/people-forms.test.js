/** The two forms of a conversation with people: where to write, and how it was. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { line, session } from "./support/socket.js";

const talk = (more = {}) => ({
  ...{ type: "conversation", handler: "team", status: "open", person: null },
  ...{ can_ask_person: false, can_ask_agent: true, expected: null, back_at: null },
  ...{ reply_email: false, survey: false, ...more },
});
const ANA = { handler: "person", person: { name: "Ana" } };
const RESOLVED = talk({ ...ANA, status: "resolved", reply_email: true, survey: true });
const lines = [line("user", "Hi", { id: "u1", seq: 1 }), line("staff", "Yo", { id: "s2", seq: 2 })];
const error = (code, message) => ({ type: "error", code, message });

async function started(frame, before) {
  const page = openPage({
    config: { greeting: null, contact_info_mode: "optional" },
    local: { ...before?.win.localStorage },
    tab: { ...before?.win.sessionStorage },
  });
  await page.embed();
  const frames = [session({ resumed: true }), { type: "history", messages: lines, complete: true }];
  // The panel is open again if it was on the page before.
  if (before) page.socket.accept().say(...frames, frame);
  else page.start({ resumed: true }, frames[1], frame);
  page.draw();
  return page;
}

const say = (page, ...frames) => {
  page.socket.say(...frames);
  page.draw();
};
const sent = (page, wanted) => page.socket.sent.filter(({ type }) => type === wanted);
const card = (page) => page.root.querySelector(".scroller > .card");
const wrong = (page) => card(page).querySelector(".error").textContent;

test("the address is asked for while the team has it, and saved once", async () => {
  const page = await started(talk());
  const busy = () => page.get("button", "Save").getAttribute("aria-disabled");
  assert.equal(busy(), null);
  page.type("Email", "jane@example.com");
  page.click("Save");
  assert.equal(busy(), "true");
  page.click("Save");
  assert.deepEqual(sent(page, "reply_email"), [{ type: "reply_email", email: "jane@example.com" }]);
  assert.equal(card(page).querySelector(".status").textContent, "Sending…");
  say(page, talk({ reply_email: true }), { type: "reply_email_saved" });
  assert.equal(card(page).lastElementChild.textContent.endsWith("we will answer by email."), true);
  assert.equal(page.all("textbox", "Email").length, 0);
  say(page, { ...line("staff", "Hello", { id: "s3", seq: 3 }), type: "message" });
  assert.equal(card(page), null);
});

test("no address is asked for if one is known, or no person is wanted", async () => {
  for (const frame of [
    talk({ reply_email: true }),
    talk({ handler: "agent", can_ask_person: true }),
    talk(ANA),
    talk({ status: "resolved" }),
  ])
    assert.equal(card(await started(frame)), null);
});

for (const [typed, sentence] of [
  ["", "Email: please fill this in."],
  ["jane", "Email: please check this, it does not look right."],
]) {
  test(`the address "${typed}" is explained beside the field and not sent`, async () => {
    const page = await started(talk());
    const field = page.type("Email", typed);
    page.click("Save");
    assert.equal(wrong(page), sentence);
    assert.equal(field.getAttribute("aria-invalid"), "true");
    assert.equal(
      page.root.getElementById(field.getAttribute("aria-describedby")).textContent,
      sentence,
    );
    assert.deepEqual(sent(page, "reply_email"), []);
    page.type("Email", "jane@");
    assert.equal(wrong(page), "");
    assert.equal(field.getAttribute("aria-invalid"), null);
  });
}

test("an address that the server refuses stays, with the reason beside it", async () => {
  const page = await started(talk());
  page.type("Email", "jane@nowhere.invalid");
  page.click("Save");
  say(page, error("contact_info_invalid", "Enter a valid email address."));
  assert.equal(wrong(page), "Email: please check this, it does not look right.");
  assert.equal(page.get("textbox", "Email").value, "jane@nowhere.invalid");
  assert.equal(page.text("alert").includes("valid email"), false);
  page.click("Save");
  say(page, error("rate_limited", "Please wait a moment."));
  assert.equal(wrong(page), "Please wait a moment.");
  page.click("Save");
  assert.equal(sent(page, "reply_email").length, 3);
});

test("what was typed survives a reload, a person who comes, and a lost connection", async () => {
  const first = await started(talk());
  first.type("Email", "jane@example.com");
  const page = await started(talk(), first);
  assert.equal(page.get("textbox", "Email").value, "jane@example.com");
  say(page, talk(ANA));
  assert.equal(page.get("textbox", "Email").value, "jane@example.com");
  page.socket.drop();
  page.draw();
  page.click("Save");
  assert.equal(card(page).querySelector(".status").textContent, "Waiting…");
  page.clock.tick(5_000);
  page.socket.accept().say(session({ resumed: true }), talk(ANA));
  page.draw();
  assert.equal(sent(page, "reply_email").length, 1);
});

test("the owner's contact card goes while people answer", async () => {
  const page = await started(talk({ handler: "agent" }));
  const answer = line("assistant", "Ask us", { id: "a3", seq: 3, card: true });
  say(page, { ...answer, type: "message" });
  assert.equal(page.all("textbox", "Email").length, 1);
  assert.ok(page.root.querySelector(".line > .card"));
  say(page, talk());
  assert.equal(page.root.querySelector(".line > .card"), null);
  assert.equal(page.all("textbox", "Email").length, 1);
});

test("the address of the contact form is proposed", async () => {
  const page = await started(talk({ handler: "agent", can_ask_person: true }));
  page.win.Loquent.identify({ email: "jane@example.com" });
  page.draw();
  say(page, { type: "contact_info_saved" });
  assert.equal(card(page), null);
  say(page, talk());
  assert.equal(page.get("textbox", "Email").value, "jane@example.com");
});

test("who doesn't want to leave an address is not asked again", async () => {
  const page = await started(talk());
  page.click("Not now");
  assert.equal(card(page), null);
  assert.equal(card(await started(talk(), page)), null);
});

test("a resolved conversation is rated once, with a comment", async () => {
  const page = await started(RESOLVED);
  assert.equal(page.all("button", "Send feedback").length, 0);
  page.click("2 of 5");
  page.click("4 of 5");
  assert.equal(page.get("button", "4 of 5").getAttribute("aria-pressed"), "true");
  assert.equal(page.get("button", "2 of 5").getAttribute("aria-pressed"), "false");
  page.type("Tell us more (optional)", " Quick ");
  page.click("Send feedback");
  page.click("Send feedback");
  assert.deepEqual(sent(page, "survey"), [{ type: "survey", score: 4, comment: "Quick" }]);
  say(page, { ...RESOLVED, survey: false }, { type: "survey_saved" });
  assert.equal(card(page).lastElementChild.textContent, "Thank you for your feedback.");
  assert.equal(page.all("button", "4 of 5").length, 0);
  say(page, talk({ ...ANA, reply_email: true }));
  assert.equal(card(page), null);
});

test("a rating is sent when the panel is closed", async () => {
  const page = await started(RESOLVED);
  page.click("Close chat");
  assert.deepEqual(sent(page, "survey"), []);
  page.click("Open chat");
  page.click("3 of 5");
  page.click("Close chat");
  assert.deepEqual(sent(page, "survey"), [{ type: "survey", score: 3 }]);
  say(page, { ...RESOLVED, survey: false }, { type: "survey_saved" });
  page.click("Open chat");
  page.click("Close chat");
  assert.equal(sent(page, "survey").length, 1);
});

test("a rating that is refused says so, and keeps what was typed", async () => {
  const page = await started(RESOLVED);
  page.click("5 of 5");
  page.type("Tell us more (optional)", "Great");
  page.click("Send feedback");
  say(page, error("forbidden", "This conversation can't be rated at the moment."));
  assert.match(card(page).textContent, /can't be rated/);
  assert.equal(page.get("textbox", "Tell us more (optional)").value, "Great");
  page.click("Close chat");
  page.click("Open chat");
  assert.equal(sent(page, "survey").length, 1);
});

test("a conversation that only the agent had is not rated", async () => {
  const page = await started(talk({ handler: "agent", status: "resolved" }));
  assert.equal(card(page), null);
});
