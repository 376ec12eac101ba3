import assert from "node:assert/strict";
import { test } from "node:test";
import de from "../src/locales/de.js";
import { openPage } from "./support/page.js";

async function started(locale, config = {}) {
  const page = openPage({ config });
  await page.chunks.load("https://chat.example", "de");
  await page.embed("wid_one", { locale });
  page.root.querySelector(".launcher").click();
  page.socket.accept().say({
    ...{ type: "session", session_token: "wst_one", contact_info_submitted: false },
  });
  page.draw();
  return page;
}

const refusal = (code, more = {}) => ({ type: "error", code, message: `No: ${code}.`, ...more });

for (const code of ["rate_limited", "busy", "daily_cap_reached", "interrupted", "internal"]) {
  test(`${code} is shown in the visitor's language, and in English with the server's message`, async () => {
    const page = await started("de");
    page.socket.say(refusal(code));
    page.draw();
    assert.equal(page.text("alert").replaceAll("|", ""), de.errors[code]);
    const english = await started("en");
    english.socket.say(refusal(code));
    english.draw();
    assert.match(english.text("alert"), new RegExp(`No: ${code}`));
  });
}

test("the owner's message and unknown codes are shown unchanged", async () => {
  const page = await started("de");
  for (const code of ["agent_unavailable", "forbidden", "brand_new"]) {
    page.socket.say(refusal(code));
    page.draw();
    assert.match(page.text("alert"), new RegExp(`No: ${code}`));
  }
});

test("a refused message shows the reason in the visitor's language", async () => {
  const page = await started("de");
  page.key(page.type(de.message, "Hallo"), "Enter");
  const { client_message_id } = page.socket.sent[0];
  page.socket.say(refusal("message_too_long", { client_message_id }));
  page.draw();
  assert.match(page.text("log"), new RegExp(de.errors.message_too_long));
});

const INVALID = {
  message: "Email: Enter a valid address. Phone: Please enter a phone number.",
};

test("each invalid field that the server names shows its own error", async () => {
  const page = await started("de", { contact_info_mode: "required" });
  page.type(de.name, "Jane");
  page.type(de.email, "jane@example.com");
  page.type(de.phone, "12345");
  page.root.querySelector("form").dispatchEvent(new page.win.Event("submit", { cancelable: true }));
  page.socket.say(refusal("contact_info_invalid", INVALID));
  page.draw();
  const [email, phone] = [page.get("textbox", de.email), page.get("textbox", de.phone)];
  for (const [field, label] of [
    [email, de.email],
    [phone, de.phone],
  ]) {
    const about = page.root.getElementById(field.getAttribute("aria-describedby"));
    assert.equal(about.textContent, `${label}: ${de.odd}`);
    assert.equal(field.getAttribute("aria-invalid"), "true");
  }
  assert.equal(page.get("textbox", de.name).hasAttribute("aria-invalid"), false);
  assert.equal(page.root.activeElement, email);
});
