/** The contact card: under Contact us, and in the transcript when it helps. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { line } from "./support/socket.js";

const CARD = {
  phone: "+41 31 555 01 23",
  email: "hello@example.com",
  hours: {
    mon: [
      ["09:00", "12:00"],
      ["13:30", "18:00"],
    ],
    sat: [],
  },
  address: "Main Street 1\n3000 Bern",
};

async function started(card, config = {}, ...frames) {
  const page = openPage({ config });
  await page.embed();
  page.start({ contact_card: card }, ...frames);
  return page;
}

const history = (...messages) => ({ type: "history", messages, complete: true });
const cardOf = (page) => page.root.querySelector(".card[aria-label='Contact us']");
/** The content of the line in which the card stands. */
const placeOf = (page) => cardOf(page)?.closest(".line")?.querySelector(".bubble").textContent;

test("Contact us shows phone, email, hours and address, with today marked", async () => {
  const page = await started(CARD);
  page.click("Menu");
  page.click("Contact us");
  const links = [...cardOf(page).querySelectorAll("a")].map((each) => each.getAttribute("href"));
  assert.deepEqual(links, ["tel:+41315550123", "mailto:hello@example.com"]);
  const days = [...cardOf(page).querySelectorAll(".hours li")];
  assert.equal(days.length, 7);
  assert.match(days[0].textContent, /^Monday9:00\sAM.*12:00\sPM, 1:30.*6:00/);
  assert.match(days[1].textContent, /^TuesdayClosed$/);
  const marked = days.filter((each) => each.getAttribute("aria-current") === "date");
  assert.deepEqual(marked, [days[(new Date().getDay() + 6) % 7]]);
  assert.match(cardOf(page).textContent, /Main Street 1\n3000 Bern/);
  assert.equal(page.all("textbox").length, 1);
});

test("the sheet gets the focus, and Escape or Back close it without closing the panel", async () => {
  const page = await started(CARD);
  for (const leave of [
    () => page.key(page.root.activeElement, "Escape"),
    () => page.click("Back to the chat"),
  ]) {
    page.click("Menu");
    page.click("Contact us");
    assert.equal(page.root.activeElement.textContent, "Contact us");
    leave();
    assert.equal(page.all("dialog").length, 1);
    assert.equal(cardOf(page), null);
    assert.equal(page.root.activeElement, page.get("textbox", "Message"));
  }
});

test("without a card and without an optional form there is no Contact us", async () => {
  for (const mode of ["none", "required"]) {
    const page = await started(null, { contact_info_mode: mode });
    page.click("Menu");
    assert.equal(page.all("button", "Contact us").length, 0);
  }
});

test("with an optional form alone, Contact us has the form", async () => {
  const page = await started(null, { contact_info_mode: "optional" });
  page.click("Menu");
  page.click("Contact us");
  for (const name of ["Name", "Email", "Phone"]) assert.ok(page.get("textbox", name));
  assert.ok(page.get("button", "Save"));
});

for (const [name, last, shown] of [
  ["an answer that asks for it", line("assistant", "Call us", { seq: 2, card: true }), true],
  ["an answer without it", line("assistant", "Call us", { seq: 2, card: false }), false],
  ["a failed answer", line("assistant", "Half", { seq: 2, status: "failed" }), true],
]) {
  test(`the card stands ${shown ? "" : "not "}below ${name}`, async () => {
    const page = await started(CARD, {}, history(line("user", "Hi", { seq: 1 }), last));
    assert.equal(placeOf(page), shown ? last.content : undefined);
  });
}

test("the card stays where it is, and moves to the next line that asks for it", async () => {
  const page = await started(
    CARD,
    {},
    history(line("user", "Hi", { seq: 1 }), line("assistant", "One", { seq: 2, card: true })),
  );
  page.socket.say({ type: "message", ...line("assistant", "Two", { seq: 3 }) });
  page.draw();
  assert.equal(placeOf(page), "One");
  page.socket.say({ type: "message", ...line("assistant", "Three", { seq: 4, card: true }) });
  page.draw();
  assert.equal(placeOf(page), "Three");
  assert.equal(page.root.querySelectorAll("section.card").length, 1);
});

test("at the daily limit there is a card, and nothing to retry", async () => {
  const page = await started(CARD);
  page.write("Hello");
  const [{ client_message_id }] = page.socket.sent;
  const refusal = { type: "error", code: "daily_cap_reached", message: "Full." };
  page.socket.say({ ...refusal, client_message_id });
  page.draw();
  assert.equal(placeOf(page), "Hello");
  assert.match(page.text("log"), /Full\./);
  assert.equal(page.all("button", "Retry").length + page.all("button", "Edit").length, 0);
});

test("a failed turn without text shows the card below the server's sentence", async () => {
  const page = await started(CARD, { contact_info_mode: "optional" });
  page.socket.say(
    { type: "typing_start", message_id: "m1" },
    { type: "error", code: "agent_unavailable", message: "Not now.", client_message_id: "c_x" },
    { type: "typing_stop" },
  );
  page.draw();
  assert.equal(placeOf(page), "Not now.");
  page.type("Email", "jane@example.com");
  assert.ok(page.get("button", "Save"));
});

test("sending a message leads from the sheet back to the transcript", async () => {
  const page = await started(CARD);
  page.click("Menu");
  page.click("Contact us");
  page.write("Hello");
  assert.equal(cardOf(page), null);
  assert.equal(page.root.activeElement, page.get("textbox", "Message"));
});

test("focus that goes below the sheet closes it, and stays there", async () => {
  const page = await started(CARD, {}, history(line("user", "a", { seq: 1 })));
  page.click("Menu");
  page.click("Contact us");
  page.get("textbox", "Message").focus();
  assert.ok(cardOf(page));
  const scroller = page.root.querySelector(".scroller");
  scroller.focus();
  assert.equal(cardOf(page), null);
  assert.equal(page.root.activeElement, scroller);
});
