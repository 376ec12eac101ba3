import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { METHODS } from "../src/embed/sdk.js";
import { openPage, settle, until } from "./support/page.js";
import { session } from "./support/socket.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const [{ files, name }] = JSON.parse(
  execFileSync("npm", ["pack", "--dry-run", "--json"], {
    cwd: root,
    stdio: ["ignore", "pipe", "ignore"],
  }),
);
const paths = files.map(({ path }) => path);
const { exports } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const declared = readFileSync(new URL("../types/index.d.ts", import.meta.url), "utf8");

test("the package holds modules, declarations and what describes it, nothing else", () => {
  assert.equal(name, "loquent-widget");
  const odd = paths.filter(
    (path) => !/^(npm\/[\w-]+\.js|types\/index\.d\.ts|README\.md|package\.json)$/.test(path),
  );
  assert.deepEqual(odd, []);
  for (const path of Object.values(exports["."])) assert.ok(paths.includes(path.slice(2)), path);
});

test("the chat and the languages are files of their own, named literally", () => {
  const entry = readFileSync(new URL("../npm/index.js", import.meta.url), "utf8");
  const later = [...entry.matchAll(/import\("\.\/([\w-]+\.js)"\)/g)].map(([, file]) => file);
  assert.ok(later.some((file) => file.startsWith("chat-runtime-")));
  assert.ok(later.some((file) => file.startsWith("de-")));
  for (const file of later) assert.ok(paths.includes(`npm/${file}`), file);
  assert.doesNotMatch(entry, /import\(`/);
});

test("on a server it can be imported, and throws when it is called", async () => {
  const { createLoquent } = await import("loquent-widget");
  assert.throws(() => createLoquent({ host: "https://a.example", widget: "wid_one" }), /browser/);
});

test("in a browser it creates a widget without a global, and again after destroy", async (t) => {
  const { createLoquent } = await import("loquent-widget");
  const page = openPage();
  globalThis.window = page.win;
  t.after(() => delete globalThis.window);
  assert.throws(() => createLoquent({ host: "https://chat.example" }), /widget/);
  const options = { host: "https://chat.example", widget: "wid_one", launcherText: "Help" };
  const widget = createLoquent(options);
  assert.equal(createLoquent(options), widget);
  await settle();
  await settle();
  assert.equal(page.win.Loquent, undefined);
  page.get("button", "Help – Open chat").click();
  // The chat is read from the disk.
  await until(() => page.socket);
  page.socket.accept().say(session());
  widget.destroy();
  assert.equal(page.hosts.length, 0);
  const again = createLoquent(options);
  await settle();
  await settle();
  assert.equal(page.hosts.length, 1);
  again.destroy();
});

test("the declarations name every method and no other", () => {
  const [, body] = declared.match(/interface LoquentMethods \{([\s\S]*?)\n\}/);
  const names = [...body.matchAll(/^ {2}(\w+)[(<]/gm)].map(([, method]) => method);
  assert.deepEqual(names.sort(), [...METHODS, "destroy"].sort());
});
