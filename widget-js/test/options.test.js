import assert from "node:assert/strict";
import { test } from "node:test";
import { nameOf, openPage, settle } from "./support/page.js";
import { session } from "./support/socket.js";

async function embedded(data, options) {
  const page = openPage(options);
  await page.embed("wid_one", data);
  return page;
}
const rootOf = (page) => page.root.querySelector(".root");
const styleOf = (page, name) => rootOf(page).style.getPropertyValue(name);

test("a tag sets the launcher's position and z-index", async () => {
  const data = { position: "bottom-left", offsetX: "12", offsetY: "80px", zIndex: "5" };
  const page = await embedded(data);
  assert.ok(rootOf(page).classList.contains("bottom_left"));
  assert.ok(!rootOf(page).classList.contains("bottom_right"));
  assert.deepEqual([styleOf(page, "--_x"), styleOf(page, "--_y")], ["12px", "80px"]);
  assert.equal(page.hosts[0].style.getPropertyValue("z-index"), "5");
  assert.deepEqual(page.warnings, []);
});

test("the widget used last is in front", async () => {
  const page = openPage();
  for (const id of ["wid_one", "wid_two"]) await page.embed(id, { zIndex: "5" });
  const [one, two] = page.hosts;
  const order = () => page.hosts.map((host) => host.style.getPropertyValue("z-index"));
  one.shadowRoot.querySelector(".launcher").focus();
  assert.deepEqual(order(), ["6", "5"]);
  two.shadowRoot.querySelector(".launcher").focus();
  assert.deepEqual(order(), ["5", "6"]);
  page.win.Loquent.get("wid_two").destroy();
  one.shadowRoot.querySelector(".launcher").focus();
  assert.deepEqual(order(), ["6"]);
  assert.equal(one.style.getPropertyPriority("z-index"), "important");
});

test("without options the widget's settings apply", async () => {
  const page = await embedded({}, { config: { position: "bottom_left" } });
  assert.ok(rootOf(page).classList.contains("bottom_left"));
  assert.deepEqual([styleOf(page, "--_x"), styleOf(page, "--_y")], ["20px", "20px"]);
});

test("the launcher's text is the start of its accessible name", async () => {
  const page = await embedded({ launcherText: "Ask us" });
  const launcher = page.get("button");
  assert.match(launcher.textContent, /Ask us/);
  assert.equal(nameOf(launcher), "Ask us – Open chat");
  launcher.click();
  page.draw();
  assert.equal(nameOf(page.root.querySelector(".launcher")), "Close chat");
});

test("text that the accessible name contains is not repeated", async () => {
  const page = await embedded({ launcherText: "Chat" });
  assert.equal(nameOf(page.get("button")), "Open chat");
});

test("the launcher shows another picture", async () => {
  const shape = async (data) =>
    (await embedded(data)).root.querySelector(".launcher path").getAttribute("d");
  assert.notEqual(await shape({ launcherIcon: "question" }), await shape({}));
});

test("data-texts overrides texts on the launcher and in the chat, in every language", async () => {
  const texts = '{"open":"Talk to us","send":"Off it goes","away":"No chat now"}';
  const page = await embedded({ texts });
  page.click("Talk to us");
  page.socket.accept().say(session());
  page.draw();
  assert.ok(page.get("button", "Off it goes"));
  page.win.Loquent.setLocale("de");
  await page.chunks.load("https://chat.example", "de");
  await settle();
  page.draw();
  assert.ok(page.get("button", "Off it goes"));
  assert.ok(page.get("textbox", "Nachricht"));
});

for (const [name, value, hint] of [
  ["position", "top", /data-position .*bottom_right, bottom_left/],
  ["offsetX", "1em", /data-offset-x .*pixels/],
  ["offsetY", "-5", /data-offset-y .*0 to 2000/],
  ["zIndex", "99999999999", /data-z-index/],
  ["launcherIcon", "cat", /data-launcher-icon .*chat, question/],
  ["launcherText", "x".repeat(41), /data-launcher-text .*40/],
  ["launcherText", "  ", /data-launcher-text/],
  ["teaser", "x".repeat(81), /data-teaser .*80/],
  ["teaserDelay", "0", /data-teaser-delay .*1 to 3600/],
  ["theme", "pink", /data-theme .*auto, light, dark/],
  ["locale", "tlh", /data-locale .*\bde\b/],
  ["sound", "loud", /data-sound .*on, off/],
  ["texts", "{", /data-texts .*JSON/],
  ["texts", '{"send":7}', /data-texts/],
  ["pageContext", "[1]", /data-page-context .*JSON/],
]) {
  test(`${name} can't be ${value.slice(0, 20)}: warned about once and ignored`, async () => {
    const page = await embedded({ [name]: value });
    assert.equal(page.warnings.length, 1);
    assert.match(page.warnings[0], hint);
    page.start();
    assert.ok(page.get("textbox", "Message"));
    assert.equal(page.warnings.length, 1);
  });
}

test("unknown names in data-texts are warned about once the menu is used, and ignored", async () => {
  const page = await embedded({ texts: '{"nonsense":"x","constructor":"y","send":"Off it goes"}' });
  page.start();
  assert.ok(page.get("button", "Off it goes"));
  page.click("Menu");
  assert.equal(page.warnings.length, 1);
  assert.match(page.warnings[0], /data-texts .*nonsense,constructor/);
});

test("invalid values of method calls are warned about and ignored", async () => {
  const page = await embedded();
  page.win.Loquent.setTheme("pink");
  page.win.Loquent.setLocale("tlh");
  assert.equal(page.warnings.length, 2);
  assert.ok(page.get("button", "Open chat"));
});
