/** People answer: who speaks, who has the conversation, what the visitor can ask for. */

import assert from "node:assert/strict";
import { test } from "node:test";
import moreEnglish from "../src/i18n/more-english.js";
import english from "../src/locales/en.js";
import { transcriptOf } from "../src/more/download.js";
import { backTime } from "../src/more/people/desk.js";
import { openPage } from "./support/page.js";
import { line, session } from "./support/socket.js";

const talk = (more = {}) => ({
  ...{ type: "conversation", handler: "agent", status: "open", person: null },
  ...{ can_ask_person: false, can_ask_agent: false, expected: null, back_at: null },
  ...{ reply_email: false, survey: false, ...more },
});
const FREE = talk({ can_ask_person: true });
const TEAM = talk({ handler: "team", can_ask_agent: true, reply_email: true });
const ANA = talk({ handler: "person", person: { name: "Ana Ruiz" }, reply_email: true });

const history = (...messages) => ({ type: "history", messages, complete: true });
const asked = line("user", "Hi", { id: "u1", seq: 1 });
const answered = line("assistant", "Hello", { id: "a1", seq: 2 });
const notice = (content, seq) =>
  line("assistant", content, { id: `n${seq}`, seq, kind: "notice", author: null });
const staff = (content, seq, name = "Ana Ruiz") =>
  line("staff", content, { id: `s${seq}`, seq, kind: "text", author: { name } });
const live = (message) => ({ ...message, type: "message" });

async function started(...frames) {
  const page = openPage({ config: { greeting: null } });
  await page.embed();
  page.start({ resumed: true }, history(asked, answered), ...frames);
  return page;
}

const say = (page, ...frames) => {
  page.socket.say(...frames);
  page.draw();
};
const sent = (page) => page.socket.sent.filter(({ type }) => type !== "ping");
const bylines = (page) =>
  [...page.root.querySelectorAll("[role=log] > .line:not(.growing)")].map(
    (each) => each.querySelector(".by")?.textContent ?? "",
  );
const spoken = (page) =>
  [...page.root.querySelectorAll("[role=log] > .line:not(.growing)")].map((each) =>
    each.querySelector(".hidden").textContent.trim(),
  );
const subtitle = (page) => page.root.querySelector(".names p").textContent;
const says = (page) => page.root.querySelector(".says").textContent;
const person = (page) => page.win.localStorage.getItem("loquent:wid_one:person");
const badge = (page) => page.root.querySelector(".badge")?.textContent ?? "";

test("a person can be asked for when the server offers it, once", async () => {
  const page = await started(talk());
  assert.equal(page.all("button", "Talk to a person").length, 0);
  say(page, FREE);
  page.click("Talk to a person");
  page.click("Talk to a person");
  assert.deepEqual(sent(page), [{ type: "ask_person" }]);
  say(page, live(notice("I have asked the team.", 3)), TEAM);
  assert.equal(page.all("button", "Talk to a person").length, 0);
  page.click("Ask the assistant instead");
  assert.deepEqual(sent(page).at(-1), { type: "ask_agent" });
  say(page, live(notice("The assistant answers again.", 4)), FREE);
  assert.equal(page.all("button", "Ask the assistant instead").length, 0);
  assert.ok(page.get("button", "Talk to a person"));
});

test("each line says who speaks, in sight and for screen readers", async () => {
  const page = await started(ANA);
  say(page, live(notice("Ana Ruiz joined the chat.", 3)), live(staff("Hello, **Jane**", 4)));
  assert.deepEqual(bylines(page), ["", "AI", "", "ARAna Ruiz"]);
  assert.deepEqual(spoken(page), ["You:", "Assistant:", "", "Ana Ruiz:"]);
  assert.deepEqual(page.lines.slice(2), ["Ana Ruiz joined the chat.", "Hello, Jane"]);
  assert.match(page.root.querySelector(".staff").getAttribute("aria-label"), /^Ana Ruiz, /);
  const named = page.root.querySelector(".line.notice").getAttribute("aria-label");
  assert.match(named, /^\d/);
  // Nobody rates a person or a notice.
  assert.equal(page.all("button", "Good answer").length, 1);
});

test("a reload shows the same lines", async () => {
  const page = openPage({ config: { greeting: null } });
  await page.embed();
  const lines = [asked, answered, notice("Ana Ruiz joined the chat.", 3), staff("Hello", 4)];
  page.start({ resumed: true }, history(...lines), ANA);
  assert.deepEqual(bylines(page), ["", "AI", "", "ARAna Ruiz"]);
  assert.equal(page.get("log").getAttribute("aria-live"), "off");
});

test("the header and the strip say who has the conversation", async () => {
  const page = await started(FREE);
  assert.equal(subtitle(page), "AI assistant");
  say(page, TEAM);
  assert.equal(subtitle(page), "Waiting for the team");
  assert.equal(says(page), "Waiting for the team");
  for (const [expected, text] of [
    ["minutes", "usually a few minutes"],
    ["hour", "usually within an hour"],
    ["hours", "usually within a few hours"],
    ["day", "usually within a day"],
  ]) {
    say(page, { ...TEAM, expected });
    assert.equal(says(page), `Waiting for the team · ${text}`);
  }
  say(page, ANA);
  assert.equal(subtitle(page), "Ana Ruiz");
  assert.equal(page.root.querySelector(".head > .logo").textContent, "AR");
  assert.equal(says(page), "");
  say(page, FREE);
  assert.equal(subtitle(page), "AI assistant");
  assert.equal(page.root.querySelector(".head > .logo").textContent, "A");
});

test("a newer server's frames break nothing", async () => {
  const page = await started(FREE);
  say(page, { ...TEAM, expected: "week", back_at: "soon", mood: "fine" }, { type: "mood", on: 1 });
  assert.equal(says(page), "Waiting for the team");
  say(page, live({ ...staff("Hello", 3), author: "Ana" }), live(staff("Hi", 4, undefined)));
  assert.equal(page.lines.at(-1), "Hi");
  assert.deepEqual(page.errors, []);
});

test("the time of return is a time today, a weekday, or a date", () => {
  const now = new Date("2026-11-27T18:00:00");
  const at = (time) => backTime(time, "en-GB", now);
  assert.equal(at("2026-11-27T19:30:00"), "19:30");
  assert.match(at("2026-11-30T09:00:00"), /^Monday,? (at )?0?9:00$/);
  assert.match(at("2026-12-07T09:00:00"), /^7 December,? (at )?0?9:00$/);
});

test("out of hours the strip says when the team is back", async () => {
  const page = await started(FREE);
  const back_at = "2030-01-07T09:00:00Z";
  say(page, { ...TEAM, back_at });
  const when = backTime(back_at, "en");
  assert.equal(says(page), `Waiting for the team · Back ${when}`);
  // The agent goes on, and a person answers later: the next pages wait for them, too.
  say(page, { ...FREE });
  assert.equal(person(page), null);
  say(page, live(notice("The team is away right now.", 3)), talk({ back_at }));
  assert.equal(says(page), `Back ${when}`);
  assert.equal(person(page), "1");
});

test("while a person has it a message is delivered, and nothing waits for an answer", async () => {
  const page = await started(ANA);
  page.write("It is order 7");
  const { client_message_id } = page.socket.sent.at(-1);
  say(page, { ...line("user", "", { id: "u3", seq: 3 }), type: "ack", client_message_id });
  assert.ok(!page.get("log").textContent.includes("Sending"));
  assert.equal(page.root.querySelector(".state").textContent, "");
  for (const name of ["Stop answering", "Regenerate answer", "Try again"])
    assert.equal(page.all("button", name).length, 0, name);
});

test("after a hand-back the answer follows all that was said before it", async () => {
  const page = await started(ANA);
  for (const text of ["one", "two"]) {
    page.write(text);
    const { client_message_id } = page.socket.sent.at(-1);
    const seq = text === "one" ? 3 : 4;
    say(page, { ...line("user", "", { id: `u${seq}`, seq }), type: "ack", client_message_id });
  }
  say(page, live(notice("The assistant answers again.", 5)), FREE);
  say(page, { type: "typing_start", message_id: "a6" });
  assert.equal(page.root.querySelectorAll(".queued").length, 0);
  say(page, live(line("assistant", "Six", { id: "a6", seq: 6 })), { type: "typing_stop" });
  assert.deepEqual(page.lines.slice(2), ["one", "two", "The assistant answers again.", "Six"]);
});

test("typing is shown with a name, and expires after 15 seconds", async () => {
  const page = await started(ANA);
  const typing = (on) => ({ type: "staff_typing", name: "Ana Ruiz", on });
  const state = () => page.root.querySelector(".state").textContent;
  const dots = () => page.root.querySelector(".typing");
  say(page, typing(true));
  assert.equal(state(), "Ana Ruiz is typing…");
  assert.equal(dots().hidden, false);
  say(page, typing(false));
  assert.equal(state(), "");
  assert.equal(dots().hidden, true);
  say(page, typing(true));
  page.clock.tick(14_000);
  assert.equal(state(), "Ana Ruiz is typing…");
  page.clock.tick(1_000);
  page.draw();
  assert.equal(state(), "");
  say(page, typing(true), live(staff("Here I am", 3)));
  assert.equal(state(), "");
});

test("seen is sent for a person's message that is looked at, and only then", async () => {
  const page = await started(ANA);
  const seen = () =>
    sent(page)
      .filter(({ type }) => type === "seen")
      .map(({ seq }) => seq);
  say(page, live(staff("one", 3)), live(staff("two", 4)));
  assert.deepEqual(seen(), [4]);
  const look = (hidden) => {
    Object.defineProperty(page.win.Document.prototype, "hidden", {
      ...{ value: hidden, configurable: true },
    });
    page.win.document.dispatchEvent(new page.win.Event("visibilitychange"));
    page.draw();
  };
  look(true);
  say(page, live(staff("three", 5)));
  assert.deepEqual(seen(), [4]);
  look(false);
  assert.deepEqual(seen(), [4, 5]);
  page.click("Close chat");
  say(page, live(staff("four", 6)));
  assert.deepEqual(seen(), [4, 5]);
  assert.equal(badge(page), "1");
  page.click("Open chat");
  assert.deepEqual(seen(), [4, 5, 6]);
});

test("a page connects by itself while a person is expected, and shows the reply on the badge", async () => {
  const first = await started(FREE, TEAM);
  assert.equal(person(first), "1");
  const tab = { "loquent:wid_one:open": "0" };
  const page = openPage({
    ...{ config: { greeting: null }, tab },
    local: { ...first.win.localStorage },
  });
  await page.embed();
  assert.equal(page.sockets.length, 0);
  page.clock.tick(2_000);
  assert.equal(page.sockets.length, 1);
  page.socket.accept().say(session({ resumed: true }), history(asked, answered), TEAM);
  page.draw();
  say(page, live(notice("Ana Ruiz joined the chat.", 3)), ANA, live(staff("Hello", 4)));
  assert.equal(badge(page), "1");
  assert.equal(page.all("dialog").length, 0);
  say(page, { ...ANA, status: "resolved" });
  assert.equal(person(page), null);
});

test("without a person expected, no page connects by itself", async () => {
  for (const last of [FREE, { ...ANA, status: "resolved" }]) {
    const first = await started(TEAM, last);
    const local = { ...first.win.localStorage };
    const page = openPage({ config: { greeting: null }, local });
    await page.embed();
    page.clock.tick(60_000);
    assert.equal(page.sockets.length, 0);
  }
});

test("reset and a new conversation forget the person", async () => {
  const page = await started(TEAM);
  say(page, session({ session_token: "wst_two" }), talk());
  assert.equal(person(page), null);
  assert.equal(says(page), "");
  say(page, TEAM);
  assert.equal(person(page), "1");
  page.win.Loquent.reset();
  assert.equal(person(page), null);
});

test("the downloaded transcript names who spoke", () => {
  const win = { location: { host: "shop.example" }, navigator: { languages: ["en"] } };
  const view = { win, strings: { ...english, ...moreEnglish }, config: { name: "Acme" } };
  const messages = [answered, notice("Ana Ruiz joined the chat.", 3), staff("Hello", 4)];
  const at = new Date(answered.created_at).toLocaleString("en");
  const { text } = transcriptOf(view, { messages, outbox: [], historyComplete: true }, "en");
  const lines = `[${at}] Assistant:\nHello\n\n[${at}]\nAna Ruiz joined the chat.\n\n`;
  assert.ok(text.endsWith(`\n\n${lines}[${at}] Ana Ruiz:\nHello\n`), text);
});

test("a kept conversation says who spoke", async () => {
  const page = await started(ANA);
  say(page, live(notice("Ana Ruiz joined the chat.", 3)), live(staff("Hello", 4)));
  say(page, session({ session_token: "wst_two" }), FREE);
  page.click("Read the previous conversation");
  const lines = [...page.root.querySelectorAll(".sheet .line")];
  assert.deepEqual(
    lines.map((each) => each.querySelector(".by")?.textContent ?? ""),
    ["", "AI", "", "ARAna Ruiz"],
  );
});
