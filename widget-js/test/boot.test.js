import assert from "node:assert/strict";
import { test } from "node:test";
import { boot } from "../src/embed/boot.js";
import { openPage, settle } from "./support/page.js";

const SRC = "https://chat.example/api/widget/embed.js";
const tag = (id, src = SRC, more = "") =>
  `<script type="x-text/javascript" src="${src}" data-widget="${id}" ${more}></script>`;

async function booted(html) {
  const page = openPage({ html });
  await page.chunks.load("https://chat.example", "chat");
  boot(page.win, page.chunks);
  await settle();
  return page;
}
const asked = (page) => page.requests.map(({ url }) => url);

test("a module, which has no current script, mounts all its tags", async () => {
  const page = await booted(tag("wid_one") + tag("wid_two"));
  assert.equal(page.hosts.length, 2);
  boot(page.win, page.chunks);
  await settle();
  assert.equal(page.hosts.length, 2);
});

test("tags of other products are ignored; a copy on another host needs data-host", async () => {
  const page = await booted(
    tag("x", "https://other.example/widget.js") +
      tag("wid_one", "https://cdn.example/all.js", 'data-host="https://chat.example/"'),
  );
  assert.deepEqual(asked(page), ["https://chat.example/api/widget/wid_one/config"]);
});

test("white space around the widget's id is ignored", async () => {
  const page = await booted(tag(" wid_one\n"));
  assert.deepEqual(asked(page), ["https://chat.example/api/widget/wid_one/config"]);
});

test("a pinned version finds its server", async () => {
  const page = await booted(
    tag("wid_one", "https://chat.example/loquent/api/widget/chunks/ab12.js"),
  );
  assert.deepEqual(asked(page), ["https://chat.example/loquent/api/widget/wid_one/config"]);
});

test("without a tag the page can mount the widget, directly or with the queue", async () => {
  const page = openPage();
  page.win.Loquent = [["mount", { widget: "wid_one", host: "https://chat.example", offsetX: 8 }]];
  boot(page.win, page.chunks);
  await settle();
  assert.equal(page.hosts.length, 1);
  const widget = page.win.Loquent.get("wid_one");
  assert.equal(page.win.Loquent.mount({ widget: "wid_one", host: "https://chat.example" }), widget);
  assert.equal(page.win.Loquent.mount({ widget: "wid_two" }), null);
  assert.equal(page.win.Loquent.mount(), null);
  assert.equal(page.warnings.length, 2);
});

test("after destroy it can be mounted again, from the script's server", async () => {
  const page = openPage();
  await page.embed();
  page.win.Loquent.destroy();
  assert.equal(page.hosts.length, 0);
  page.win.Loquent.mount({ widget: "wid_one" });
  await settle();
  page.click("Open chat");
  assert.equal(page.all("dialog").length, 1);
});

test("two versions on one page each load their own files", async () => {
  const page = openPage();
  await page.embed();
  const names = [];
  const other = {
    get: () => null,
    giveUp() {},
    load: async (base, name) => names.push([base, name]),
  };
  const script = page.win.document.createElement("script");
  script.type = "x-text/javascript";
  script.src = "https://other.example/api/widget/embed.js";
  script.dataset.widget = "wid_two";
  page.win.document.head.append(script);
  boot(page.win, other);
  await settle();
  page.hosts[1].shadowRoot
    .querySelector(".launcher")
    .dispatchEvent(new page.win.Event("pointerdown"));
  assert.deepEqual(names, [["https://other.example", "chat"]]);
});

test("the function that on returns removes the listener, even before the widget exists", async () => {
  const page = openPage();
  const seen = [];
  boot(page.win, page.chunks);
  const { Loquent } = page.win;
  const offs = [1, 2].map((n) => Loquent.on("ready", () => seen.push(n)));
  offs[0]();
  await page.embed();
  assert.deepEqual(seen, [2]);
  const off = Loquent.on("open", () => seen.push("open"));
  offs[1]();
  off();
  page.click("Open chat");
  assert.deepEqual(seen, [2]);
});

test("the widget survives a replaced body", async () => {
  const page = openPage();
  await page.embed();
  page.start();
  const { document } = page.win;
  document.body.replaceWith(document.createElement("body"));
  assert.equal(page.all("dialog").length, 1);
  page.key(page.get("dialog"), "Escape");
  assert.ok(page.get("button", "Open chat"));
});

test("a removed element is re-attached by the tag or by mount", async () => {
  const page = openPage();
  await page.embed();
  page.start();
  for (const again of [() => page.embed(), () => page.win.Loquent.mount({ widget: "wid_one" })]) {
    page.hosts[0].remove();
    assert.equal(page.hosts.length, 0);
    await again();
    assert.equal(page.all("dialog").length, 1);
    assert.equal(page.sockets.length, 1);
  }
});
