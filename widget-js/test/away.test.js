import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, settle } from "./support/page.js";

const configs = ({ requests }) => requests.filter(({ url }) => url.endsWith("/config")).length;

async function away(answers) {
  const page = openPage({ answers });
  await page.embed();
  await settle();
  return page;
}

async function pass(page, ms) {
  page.clock.tick(ms);
  await settle();
  await settle();
}

for (const [name, answers] of [
  ["away", { config: null, embed: null }],
  ["its database away", { config: { status: 503 } }],
  ["too busy", { config: { status: 429 } }],
]) {
  test(`a server that was ${name} at page load: the launcher appears when it is back`, async () => {
    const page = await away(answers);
    for (const [wait, asked] of [
      [2000, 2],
      [8000, 3],
      [30_000, 4],
      [120_000, 5],
      [120_000, 6],
    ]) {
      await pass(page, wait - 1);
      assert.equal(configs(page), asked - 1);
      await pass(page, 1);
      assert.equal(configs(page), asked);
    }
    assert.equal(page.hosts.length, 0);
    delete answers.config;
    delete answers.embed;
    await pass(page, 120_000);
    assert.ok(page.get("button", "Open chat"));
    page.draw();
    assert.equal(page.clock.pending, 0);
  });
}

test("a server that does not answer is asked again, and not taken for one that refuses", async (t) => {
  const answers = { config: "never" };
  const page = openPage({ answers });
  t.mock.method(AbortSignal, "timeout", (ms) => {
    const controller = new AbortController();
    const late = new DOMException("signal timed out", "TimeoutError");
    page.clock.setTimeout(() => controller.abort(late), ms);
    return controller.signal;
  });
  await page.embed();
  for (const [wait, asked] of [
    [20_000 + 2000, 2],
    [20_000 + 8000, 3],
  ]) {
    await pass(page, 20_000);
    await pass(page, wait - 20_000 - 1);
    assert.equal(configs(page), asked - 1);
    await pass(page, 1);
    assert.equal(configs(page), asked);
  }
  assert.deepEqual(page.warnings, []);
  delete answers.config;
  await pass(page, 20_000);
  await pass(page, 30_000);
  assert.ok(page.get("button", "Open chat"));
});

test("the online event retries immediately", async () => {
  const answers = { config: null, embed: null };
  const page = await away(answers);
  delete answers.config;
  page.go(true);
  await settle();
  assert.ok(page.get("button", "Open chat"));
  page.draw();
  assert.equal(page.clock.pending, 0);
});

for (const [name, answers] of [
  ["unknown", { config: { status: 404 } }],
  ["refused, readably", { config: { status: 403 } }],
  ["refused, as browsers hide it", { config: null }],
]) {
  test(`${name}: it is asked again after 5 s, then every 10 minutes, with one warning`, async () => {
    const page = await away(answers);
    for (const [wait, asked] of [
      [5000, 2],
      [600_000, 3],
      [600_000, 4],
    ]) {
      await pass(page, wait - 1);
      assert.equal(configs(page), asked - 1);
      await pass(page, 1);
      assert.equal(configs(page), asked);
    }
    assert.equal(page.hosts.length + page.errors.length, 0);
    assert.equal(page.warnings.length, 1);
    assert.match(String(page.warnings[0]), /^Loquent: no chat on https?:/);
    delete answers.config;
    await pass(page, 600_000);
    assert.ok(page.get("button", "Open chat"));
  });

  test(`${name}, once: a proxy answered, and the launcher appears within seconds`, async () => {
    const once = { ...answers };
    const page = await away(once);
    page.win.Loquent.open();
    delete once.config;
    await pass(page, 5000);
    page.draw();
    assert.equal(page.all("dialog").length, 1);
  });
}

test("destroy stops the retries", async () => {
  const page = await away({ config: null, embed: null });
  page.win.Loquent.destroy();
  assert.equal(page.clock.pending, 0);
  page.go(true);
  await settle();
  assert.equal(configs(page), 1);
});

test("calls made in the meantime run when the server is back", async () => {
  const answers = { config: { status: 500 } };
  const page = await away(answers);
  page.win.Loquent.open();
  delete answers.config;
  await pass(page, 2000);
  page.draw();
  assert.equal(page.all("dialog").length, 1);
});
