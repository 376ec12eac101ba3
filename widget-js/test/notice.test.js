import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./support/page.js";
import { line, session } from "./support/socket.js";

const NOTICE = { text: "You are chatting with an AI.", url: "https://x.example/p", consent: false };
const CONSENT = { ...NOTICE, consent: true };
const AGREED = "loquent:wid_one:agreed";
const STARTERS = ["Do you ship to Norway?", "How do I return something?"];

async function started(frame, options = {}) {
  const page = openPage(options);
  await page.embed();
  page.start(frame);
  return page;
}

const visible = (page) =>
  [...page.get("dialog").querySelectorAll("p")].filter((each) => !each.closest("[hidden]"));
const noticeOf = (page) => visible(page).find((each) => each.textContent.startsWith("You are"));

test("starters are shown before the first message and sent with one click", async () => {
  const page = await started({ starters: [...STARTERS, 7, ""] });
  const group = page.root.querySelector("[role=group][aria-label='Suggested questions']");
  assert.deepEqual(
    [...group.children].map((each) => each.textContent),
    STARTERS,
  );
  page.get("button", STARTERS[1]).focus();
  page.click(STARTERS[1]);
  assert.deepEqual(
    page.socket.sent.map(({ content }) => content),
    [STARTERS[1]],
  );
  assert.equal(group.hidden, true);
  assert.equal(page.root.activeElement, page.get("textbox", "Message"));
});

test("an ongoing conversation has no starters; a new one has", async () => {
  const page = await started({ starters: STARTERS });
  page.socket.say({ type: "history", messages: [line("user", "a", { seq: 1 })], complete: true });
  page.draw();
  assert.equal(page.all("button", STARTERS[0]).length, 0);
  page.socket.say(session({ session_token: "wst_two", starters: STARTERS }));
  page.draw();
  assert.ok(page.get("button", STARTERS[0]));
});

test("a notice is a line with a link", async () => {
  const page = await started({ notice: NOTICE });
  const link = noticeOf(page).querySelector("a");
  assert.equal(noticeOf(page).textContent, "You are chatting with an AI. Learn more");
  assert.deepEqual([link.href, link.target], ["https://x.example/p", "_blank"]);
  assert.match(link.rel, /noopener/);
  assert.equal(page.all("button", "Agree and chat").length, 0);
});

for (const url of [null, "javascript:alert(1)", "mailto:a@b.example", "/relative", 7]) {
  test(`an invalid address makes no link: ${url}`, async () => {
    const page = await started({ notice: { ...NOTICE, url } });
    assert.equal(noticeOf(page).querySelector("a"), null);
  });
}

for (const notice of [null, {}, "x", { text: 7 }, undefined]) {
  test(`no notice: ${JSON.stringify(notice)}`, async () => {
    const page = await started({ notice, starters: "x" });
    assert.equal(noticeOf(page), undefined);
    assert.ok(page.get("textbox", "Message"));
  });
}

test("consent: no message box until the visitor agrees, and nothing queued is lost", async () => {
  const page = openPage();
  await page.embed();
  page.click("Open chat");
  page.type("Message", "half a thought");
  page.win.Loquent.send("From the page");
  page.socket.accept().say(session({ notice: CONSENT, starters: STARTERS }));
  page.draw();
  assert.deepEqual(page.socket.sent, []);
  assert.equal(page.all("textbox", "Message").length, 0);
  assert.match(page.text("log"), /From the page/);
  const agree = page.get("button", "Agree and chat");
  assert.equal(page.root.activeElement, agree);
  const about = page.root.getElementById(agree.getAttribute("aria-describedby"));
  assert.match(about.textContent, /chatting with an AI. Learn more/);
  page.click("Agree and chat");
  assert.deepEqual(
    page.socket.sent.map(({ content }) => content),
    ["From the page"],
  );
  assert.equal(page.get("textbox", "Message").value, "half a thought");
  assert.equal(page.root.activeElement, page.get("textbox", "Message"));
  assert.ok(noticeOf(page));
});

test("consent is not requested again until the text changes", async () => {
  const page = await started({ notice: CONSENT, starters: STARTERS });
  assert.equal(page.all("button", STARTERS[0]).length, 0);
  page.click("Agree and chat");
  assert.ok(page.get("button", STARTERS[0]));
  const local = { [AGREED]: page.win.localStorage.getItem(AGREED) };
  const next = await started({ notice: CONSENT }, { local });
  assert.ok(next.get("textbox", "Message"));
  next.socket.say(session({ notice: { ...CONSENT, text: "You are chatting with another AI." } }));
  next.draw();
  assert.ok(next.get("button", "Agree and chat"));
});

test("consent in one tab applies to the others", async () => {
  const page = await started({ notice: CONSENT });
  page.win.localStorage.setItem(AGREED, CONSENT.text);
  page.win.dispatchEvent(new page.win.StorageEvent("storage", { key: AGREED }));
  page.draw();
  assert.ok(page.get("textbox", "Message"));
});

test("a required form comes first, with the notice in sight; then the consent", async () => {
  const page = await started(
    { notice: CONSENT, starters: STARTERS },
    { config: { contact_info_mode: "required", collect_name: false, collect_phone: false } },
  );
  assert.ok(noticeOf(page));
  assert.equal(page.all("button", "Agree and chat").length, 0);
  assert.equal(page.all("button", STARTERS[0]).length, 0);
  page.get("textbox", "Email").focus();
  page.socket.say({ type: "contact_info_saved" });
  page.draw();
  assert.equal(page.root.activeElement, page.get("button", "Agree and chat"));
  page.click("Agree and chat");
  assert.ok(page.get("button", STARTERS[0]));
});

test("reset withdraws the consent", async () => {
  const page = await started({ notice: CONSENT });
  page.click("Agree and chat");
  page.win.Loquent.reset();
  page.socket.accept().say(session({ notice: CONSENT }));
  page.draw();
  assert.ok(page.get("button", "Agree and chat"));
  assert.equal(page.win.localStorage.getItem(AGREED), null);
});

for (const choices of [null, "x", {}, [], [{ title: 1, message: 2 }]]) {
  test(`no choices: ${JSON.stringify(choices)}`, async () => {
    const page = await started({});
    const messages = [line("user", "a", { seq: 1 }), line("assistant", "b", { seq: 2, choices })];
    page.socket.say({ type: "history", messages, complete: true });
    page.draw();
    assert.ok(page.root.querySelector("[aria-label='Suggested questions']").hidden);
  });
}
