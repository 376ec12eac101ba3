import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, settle } from "./support/page.js";
import { line, session } from "./support/socket.js";

const LABEL = "Tell us more (optional)";
const answers = (more = {}) => ({
  ...{ type: "history", complete: true },
  messages: [
    line("assistant", "Hello", { id: "m1", seq: 1, ...more }),
    line("assistant", "Good day", { id: "m2", seq: 2, ...more }),
  ],
});

async function commented() {
  const page = openPage({ config: { greeting: null } });
  await page.embed();
  page.start({}, answers());
  page.all("button", "Good answer").forEach((each, index) => {
    each.click();
    page.socket.say({ type: "feedback_saved", message_id: `m${index + 1}` });
    page.draw();
  });
  write(page, ["Very", "Too"]);
  return page;
}

function write(page, texts) {
  page.all("textbox", LABEL).forEach((field, index) => {
    field.value = texts[index];
    field.dispatchEvent(new page.win.Event("input", { bubbles: true }));
  });
}

const written = (page, label = LABEL) => page.all("textbox", label).map(({ value }) => value);

/** The next page in the same tab. */
async function next(page, more = {}) {
  const other = openPage({
    config: { greeting: null },
    local: { ...page.win.localStorage },
    tab: { ...page.win.sessionStorage },
  });
  await other.embed();
  other.socket.accept().say(session({ resumed: true }), answers({ feedback: "up", ...more }));
  other.draw();
  return other;
}

test("unsent comments survive a change of language", async () => {
  const page = await commented();
  page.win.Loquent.setLocale("de");
  await page.chunks.load("https://chat.example", "de");
  await settle();
  page.draw();
  const { default: german } = await import("../src/locales/de.js");
  assert.deepEqual(written(page, german.comment), ["Very", "Too"]);
});

test("unsent comments survive navigation until they are saved", async () => {
  const page = await next(await commented());
  assert.deepEqual(written(page), ["Very", "Too"]);
  page.root.querySelectorAll("form.comment")[1].requestSubmit();
  assert.equal(page.socket.sent.at(-1).comment, "Too");
  page.socket.say({ type: "feedback_saved", message_id: "m2" });
  page.draw();
  assert.deepEqual(written(page), ["Very"]);
  assert.doesNotMatch(page.win.sessionStorage.getItem("loquent:wid_one:draft"), /Too/);
});

test("a comment that did not arrive can be sent again", async () => {
  const page = await commented();
  page.socket.drop();
  page.root.querySelectorAll("form.comment")[0].requestSubmit();
  assert.deepEqual(written(await next(page)), ["Very", "Too"]);
});

test("an empty comment is removed from the draft", async () => {
  const page = await commented();
  write(page, ["", "Too"]);
  assert.deepEqual(written(await next(page)), ["Too"]);
});
