import assert from "node:assert/strict";
import { test } from "node:test";
import { pageFrame } from "../src/embed/page.js";
import { openPage } from "./support/page.js";
import { session } from "./support/socket.js";

const HERE = { href: "https://shop.example/", title: "", referrer: "", context: {} };
const size = (text) => new TextEncoder().encode(text).length;

async function started(data = {}, options = {}) {
  const page = openPage(options);
  page.win.document.title = "Shop";
  await page.embed("wid_one", data);
  page.start();
  return page;
}

/** A browser with the navigation API. */
function withNavigation() {
  const page = openPage();
  page.win.navigation = new page.win.EventTarget();
  return page;
}

test("fragments and user info are removed; other schemes are not reported", () => {
  const frame = pageFrame({
    href: "https://me:secret@shop.example/a?b=1#token",
    title: "A",
    referrer: "https://you:secret@search.example/?q=x#y",
    context: { plan: "pro" },
  });
  assert.deepEqual(JSON.parse(frame), {
    type: "page",
    url: "https://shop.example/a?b=1",
    title: "A",
    referrer: "https://search.example/?q=x",
    context: { plan: "pro" },
  });
  assert.equal(pageFrame({ ...HERE, href: "file:///home/me" }), "");
  assert.equal(JSON.parse(pageFrame({ ...HERE, referrer: "android-app://x/" })).referrer, "");
});

test("the frame fits into 4 KiB: title and referrer are cut first, then context, then query", () => {
  const long = "ü".repeat(900);
  const context = { note: "x".repeat(3000) };
  const first = pageFrame({
    ...HERE,
    title: long,
    referrer: `https://a.example/?${long}`,
    context,
  });
  assert.ok(size(first) <= 4096);
  assert.deepEqual(JSON.parse(first).context, context);
  assert.equal(JSON.parse(first).title.length, 80);
  const href = `https://shop.example/path?q=${"x".repeat(3500)}`;
  const second = pageFrame({ ...HERE, href, context });
  assert.deepEqual(JSON.parse(second).context, {});
  assert.equal(JSON.parse(second).url, href);
  const third = pageFrame({ ...HERE, href: `${href}${"x".repeat(9000)}`, context });
  assert.equal(JSON.parse(third).url, "https://shop.example/path");
  assert.equal(pageFrame({ ...HERE, href: `https://shop.example/${"x".repeat(9000)}` }), "");
});

test("each v2 session gets a page frame; base sessions get none", async () => {
  const page = await started({ pageContext: '{"plan":"pro"}' });
  const frame = { type: "page", url: "https://shop.example/", title: "Shop", referrer: "" };
  assert.deepEqual(page.socket.pages, [{ ...frame, context: { plan: "pro" } }]);
  page.socket.say(session({ session_token: "wst_two" }));
  assert.equal(page.socket.pages.length, 2);
  page.socket.drop();
  page.clock.tick(1000);
  page.socket
    .accept("")
    .say({ type: "session", session_token: "a", contact_info_submitted: false });
  page.win.Loquent.setPageContext({ a: 1 });
  page.clock.tick(5000);
  assert.deepEqual(page.socket.pages, []);
});

test("a navigation is reported once it has settled, and only if the page changed", async () => {
  const page = withNavigation();
  await page.embed();
  page.start();
  const move = (path, title) => {
    page.win.history.pushState({}, "", path);
    page.win.navigation.dispatchEvent(new page.win.Event("currententrychange"));
    page.win.document.title = title;
  };
  move("/cart", "Cart");
  move("/pay", "Pay");
  page.clock.tick(1000);
  move("/pay#card", "Pay");
  page.clock.tick(1000);
  const told = page.socket.pages.map(({ url, title }) => [url, title]);
  assert.deepEqual(told.slice(1), [["https://shop.example/pay", "Pay"]]);
});

test("without the navigation API, history events, clicks and keys trigger the check", async () => {
  const page = await started();
  for (const [path, target, type] of [
    ["/a", page.win, "popstate"],
    ["/b", page.win, "hashchange"],
    ["/c", page.win.document.body, "click"],
  ]) {
    page.win.history.pushState({}, "", path);
    target.dispatchEvent(new page.win.Event(type, { bubbles: true }));
    page.clock.tick(1000);
  }
  const paths = page.socket.pages.map(({ url }) => new URL(url).pathname);
  assert.deepEqual(paths, ["/", "/a", "/b", "/c"]);
});

test("a new context is sent at most once per second", async () => {
  const page = await started();
  for (let n = 0; n < 50; n++) page.win.Loquent.setPageContext({ n });
  page.clock.tick(1000);
  assert.deepEqual(
    page.socket.pages.map(({ context }) => context),
    [{}, { n: 49 }],
  );
});

test("a background tab reports nothing until it is visible", async () => {
  const page = await started();
  const look = (hidden) => {
    Object.defineProperty(page.win.Document.prototype, "hidden", {
      value: hidden,
      configurable: true,
    });
    page.win.document.dispatchEvent(new page.win.Event("visibilitychange"));
    page.clock.tick(1000);
  };
  look(true);
  page.win.Loquent.setPageContext({ cart: 2 });
  page.clock.tick(1000);
  assert.equal(page.socket.pages.length, 1);
  look(false);
  assert.equal(page.socket.pages.length, 2);
});

let deep = {};
for (let n = 0; n < 6; n++) deep = { deep };
const circle = {};
circle.circle = circle;
for (const [name, context] of [
  ...[["a list", [1]], ["null", null], ["nothing"], ["a text", "x"], ["a circle", circle]],
  ...[
    ["too deep", deep],
    ["a number that is too large", { n: 2 ** 60 }],
  ],
]) {
  test(`${name} is no context: warned about and never sent`, async () => {
    const page = await started({ pageContext: '{"plan":"pro"}' });
    page.win.Loquent.setPageContext(context);
    page.clock.tick(1000);
    assert.equal(page.socket.pages.length, 1);
    assert.equal(page.warnings.length, 1);
    assert.match(page.warnings[0], /context/);
  });
}

test("there are no listeners on the page before the first click", async () => {
  const page = withNavigation();
  const heard = [];
  page.win.navigation.addEventListener = (type) => heard.push(type);
  await page.embed();
  assert.deepEqual(heard, []);
  page.start();
  assert.deepEqual(heard, ["currententrychange"]);
});
