/** The card of an action that waits for the visitor's confirmation. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { line, session } from "./support/socket.js";

const ASKED = "Shall I cancel this order?";
const proposed = (status = "waiting", more = {}) =>
  line("assistant", ASKED, {
    ...{ id: "m2", seq: 2 },
    action: {
      ...{ id: "a1", title: "Cancel order", status },
      arguments: { order_number: "NT-2204", amount: 12.5, refund: true, note: null },
      ...more,
    },
  });
const question = line("user", "Cancel it", { id: "m1", seq: 1 });
const history = (...lines) => ({ type: "history", messages: lines, complete: true });
const live = (message) => ({ type: "message", ...message });

async function started(message = proposed(), before = undefined) {
  const page = openPage({
    config: { greeting: null },
    local: { ...before?.win.localStorage },
    tab: { ...before?.win.sessionStorage },
  });
  await page.embed();
  const frames = [session({ resumed: true }), history(question, message)];
  if (before) page.socket.accept().say(...frames);
  else page.start({ resumed: true }, frames[1]);
  page.draw();
  return page;
}

const say = (page, ...frames) => {
  page.socket.say(...frames);
  page.draw();
};
const decisions = (page) => page.sockets.flatMap(({ sent }) => sent.filter(isDecision));
const isDecision = ({ type }) => type === "action";
const card = (page) => page.root.querySelector(".line > .card");
const said = (page) => card(page).querySelector("[role=status]").textContent;
const wrong = (page) => card(page).querySelector("[role=alert]").textContent;
const buttons = (page) => card(page).querySelectorAll("div:not([hidden]) > button").length;

const YES = { type: "action", id: "a1", confirm: true };
const NO = { ...YES, confirm: false };

test("the card names the action and lists what will be sent", async () => {
  const page = await started();
  assert.equal(page.get("log").querySelectorAll(".card").length, 1);
  assert.equal(card(page).previousElementSibling.textContent, ASKED);
  const rows = [...card(page).querySelectorAll("dl > div")].map((row) =>
    [...row.children].map(({ textContent }) => textContent),
  );
  assert.deepEqual(rows, [
    ["order number", "NT-2204"],
    ["amount", "12.5"],
    ["refund", "Yes"],
    ["note", "–"],
  ]);
  for (const name of ["Confirm", "Not now"]) {
    const by = page.get("button", name).getAttribute("aria-describedby");
    assert.equal(page.root.getElementById(by).textContent, "Cancel order");
  }
  assert.equal(page.all("button", "Regenerate answer").length, 0);
});

test("texts of the action are never markup", async () => {
  const odd = "<img src=x onerror=alert(1)> **a**";
  const page = await started(proposed("waiting", { title: odd, arguments: { [odd]: odd } }));
  assert.equal(card(page).querySelector("img, strong"), null);
  const texts = ["bdi", "dt", "dd"].map((each) => card(page).querySelector(each));
  assert.deepEqual(
    texts.map(({ textContent }) => textContent),
    [odd, odd, odd],
  );
});

for (const [name, frame, status, words] of [
  ["Confirm", YES, "confirmed", "Confirmed"],
  ["Not now", NO, "declined", "Not carried out"],
]) {
  test(`"${name}" is sent once, and its state takes the place of the buttons`, async () => {
    const page = await started();
    const button = page.get("button", name);
    button.focus();
    button.click();
    button.click();
    page.draw();
    for (const each of ["Confirm", "Not now"]) page.click(each);
    assert.deepEqual(decisions(page), [frame]);
    assert.equal(said(page), "Sending…");
    assert.equal(page.root.activeElement, button);
    say(page, live(proposed(status)));
    assert.deepEqual([buttons(page), said(page)], [0, words]);
    assert.equal(page.root.activeElement, card(page));
    assert.deepEqual([page.lines.length, decisions(page).length], [2, 1]);
  });
}

test("a history shows the state of an action", async () => {
  for (const [status, words] of [
    ["confirmed", "Confirmed"],
    ["declined", "Not carried out"],
    ["expired", "This request is no longer valid. Please ask again."],
  ]) {
    const page = await started(proposed(status));
    assert.deepEqual([buttons(page), said(page)], [0, words]);
  }
});

test("what another tab decided changes the card, without a second message or a moved focus", async () => {
  const page = await started();
  const field = page.get("textbox", "Message");
  field.focus();
  const told = [];
  page.win.Loquent.on("message", (detail) => told.push(detail));
  say(page, live(proposed("confirmed")));
  assert.deepEqual([buttons(page), said(page), page.lines.length], [0, "Confirmed", 2]);
  assert.equal(page.root.activeElement, field);
  say(page, live(line("assistant", "Done.", { id: "m3", seq: 3 })));
  assert.deepEqual(told, [{ id: "m3", role: "assistant", content: "Done." }]);
});

test("a decision without a connection can be changed, and is sent when the chat is back", async () => {
  const page = await started();
  page.socket.drop();
  page.go(false);
  page.click("Not now");
  page.click("Confirm");
  assert.equal(said(page), "Offline");
  assert.equal(page.get("button", "Not now").getAttribute("aria-disabled"), null);
  assert.equal(page.get("button", "Confirm").getAttribute("aria-disabled"), "true");
  page.go(true);
  assert.equal(said(page), "Waiting…");
  page.clock.tick(30_000);
  page.socket.accept().say(session({ resumed: true }), history(question, proposed()));
  page.draw();
  assert.deepEqual(decisions(page), [YES]);
  page.click("Not now");
  assert.deepEqual(decisions(page), [YES]);
});

test("a decision that a lost connection may have swallowed is sent again only if still due", async () => {
  for (const [status, count] of [
    ["waiting", 2],
    ["confirmed", 1],
  ]) {
    const page = await started();
    for (const name of ["Confirm", "Not now"]) page.click(name);
    page.socket.drop();
    page.clock.tick(30_000);
    page.socket.accept().say(session({ resumed: true }));
    page.draw();
    assert.equal(decisions(page).length, 1);
    say(page, history(question, proposed(status)));
    assert.deepEqual(decisions(page), Array(count).fill(YES));
  }
});

test("a decision survives a reload", async () => {
  const first = await started();
  first.socket.drop();
  first.click("Not now");
  const page = await started(proposed(), first);
  assert.deepEqual(decisions(page), [NO]);
  say(page, live(proposed("declined")));
  assert.deepEqual(decisions(await started(proposed("waiting"), page)), []);
});

test("a request that the server no longer accepts says so", async () => {
  const page = await started();
  page.get("button", "Confirm").focus();
  page.click("Confirm");
  say(page, { type: "error", code: "forbidden", message: "Not possible." });
  const gone = "This request is no longer valid. Please ask again.";
  assert.deepEqual([buttons(page), said(page)], [0, gone]);
  assert.equal(page.root.activeElement, card(page));
  assert.equal(page.text("alert").includes("Not possible."), false);
  // The server knows better.
  say(page, live(proposed("confirmed")));
  assert.equal(said(page), "Confirmed");
});

for (const between of [[], [null]]) {
  test(`another tab was faster: ${between.length ? "then" : "with"} the refusal`, async () => {
    const page = await started();
    page.click("Not now");
    const refusal = { type: "error", code: "forbidden", message: "Not possible." };
    if (between.length) {
      say(page, live(proposed("confirmed")));
      say(page, refusal);
    } else say(page, live(proposed("confirmed")), refusal);
    assert.deepEqual([buttons(page), said(page)], [0, "Confirmed"]);
    assert.doesNotMatch(page.text("alert"), /possible/);
    // A later one is about something else.
    say(page, refusal);
    assert.equal(page.text("alert").includes("Not possible."), true);
  });
}

test("another refusal gives the buttons back, with the reason", async () => {
  const page = await started();
  page.click("Confirm");
  say(page, { type: "error", code: "rate_limited", message: "Please wait.", retry_after: 3 });
  assert.deepEqual([buttons(page), said(page), wrong(page)], [2, "", "Please wait."]);
  page.click("Not now");
  assert.deepEqual([decisions(page), wrong(page)], [[YES, NO], ""]);
});

test("errors of something else are not taken for the action's", async () => {
  const page = await started();
  say(page, { type: "error", code: "forbidden", message: "Not here." });
  assert.equal(page.text("alert").includes("Not here."), true);
  page.click("Confirm");
  say(page, {
    ...{ type: "error", code: "rate_limited", message: "Too fast." },
    client_message_id: "c1",
  });
  assert.equal(said(page), "Sending…");
});

test("the outcome follows as a message, and the card stays at its own", async () => {
  const page = await started();
  page.click("Confirm");
  say(
    page,
    { type: "typing_start", message_id: "m3" },
    live(proposed("confirmed")),
    live(line("assistant", "Order NT-2204 is cancelled.", { id: "m3", seq: 3 })),
    { type: "typing_stop" },
  );
  assert.deepEqual(page.lines, ["Cancel it", ASKED, "Order NT-2204 is cancelled."]);
  assert.equal(card(page).previousElementSibling.textContent, ASKED);
  assert.ok(page.get("button", "Regenerate answer"));
});

test("an action of an unknown form is no card", async () => {
  for (const action of [
    null,
    "x",
    1,
    [],
    {},
    { id: "a1" },
    { id: 7, title: "x", status: "waiting" },
  ])
    assert.equal(card(await started({ ...proposed(), action })), null);
});

test("an answer that replaces the proposal has no card", async () => {
  const page = await started();
  say(page, live(line("assistant", "Fine.", { id: "m9", seq: 2 })));
  assert.deepEqual([page.lines, card(page)], [["Cancel it", "Fine."], null]);
});

test("a chat that has ended takes no decisions", async () => {
  const page = await started();
  page.socket.drop(4403);
  page.draw();
  assert.equal(page.get("button", "Confirm").disabled, true);
});

test("the card speaks the visitor's language", async () => {
  const page = openPage({ config: { greeting: null } });
  await page.chunks.load("https://chat.example", "de");
  await page.embed("wid_one", { locale: "de" });
  page.click("Chat öffnen");
  page.socket.accept().say(session({ resumed: true }), history(question, proposed()));
  page.draw();
  assert.ok(page.get("button", "Bestätigen"));
  assert.equal(card(page).querySelectorAll("dd")[2].textContent, "Ja");
});
