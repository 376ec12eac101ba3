import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JSDOM } from "jsdom";
import { startCounting, stepsOf, superlinear } from "../support/growth.js";

startCounting();
const { parseBlocks } = await import("../../src/markdown/blocks.js");
const { takeTargets } = await import("../../src/markdown/targets.js");
const { renderMarkdown } = await import("../../src/markdown.js");

/** Without the document: jsdom is slower than any parser. */
function read(text, growing) {
  const { lines, targets } = takeTargets(text.split("\n"));
  parseBlocks(lines, { growing, copy: "", targets }, 0);
}

/** Tokens of the parser. */
const PIECES = [
  ..."*_~`#>|-+.()[]!\\<>\n\t \"'&:/=;1a",
  ...["**", "__", "~~", "```", "~~~", "- ", "1. ", "> ", "# ", "---", "](", "![", "\n\n", "    "],
  ...["| - |", "<br>", "https://a.example/", "http:", "mailto:x@y.z", "<a@", "<http:", "&a", "# #"],
  ...["[a](", "[a](b", "[a]", "[a][b]", "[1]: b\n", "[[a](b)", "![a](", "[a](https://a.example "],
  ...["*a _b ", "**a ", "~~a", "a_", "*a*", "-*_ ", "` `` ", "``` ", "` ", "\\`", " #", "a\n"],
  ...[
    "www.",
    "www.a",
    "a.",
    "@",
    "a@",
    "a@b",
    "https://a@",
    "https://a/(",
    "&a;",
    "&#1",
    "は",
    "’",
  ],
  ...["https://a/は", "[https://a/](", '[a](b "', "[a](b '", "\n\n    ", "\n    a", "- \t"],
  ...["\n- ", "\n> ", "\n|", "\n  ", "> - ", "- a\n", "  - a\n", "|a|b|\n|-|-|\n", "\n\n1. "],
];
/** Prefixes and suffixes: backtracking often needs an almost matching text. */
const ENDS = [
  ["", ""],
  ["", " "],
  ["", "`"],
  ["` ", "x"],
  ["` ", "`"],
  ["**", "x`"],
  ["[a](", " x"],
  ["a\n|-|\n", "\n"],
  ["[1]: b\n\n[", "]"],
];

function check(piece, [before, after]) {
  for (const growing of [false, true]) {
    const outgrown = superlinear(
      (text) => read(text, growing),
      (size) => before + piece.repeat(Math.ceil(size / piece.length)) + after,
    );
    assert.equal(outgrown, "", `${JSON.stringify([before, piece, after])}, growing: ${growing}`);
  }
}

for (const piece of PIECES) {
  test(`reading many ${JSON.stringify(piece)} is linear work`, () => {
    for (const ends of ENDS) check(piece, ends);
  });
}

test("reading whatever repeats is linear work", () => {
  const pieces = fc.array(fc.constantFrom(...PIECES), { minLength: 2, maxLength: 4 });
  fc.assert(
    fc.property(pieces, fc.constantFrom(...ENDS), (parts, ends) => check(parts.join(""), ends)),
    { numRuns: 100, seed: 1 },
  );
});

test("runs of backticks of every length are linear work", () => {
  const runs = (size) => {
    let text = "";
    for (let length = 1; text.length < size; length++) text += `${"`".repeat(length)} `;
    return text;
  };
  for (const growing of [false, true]) {
    assert.equal(
      superlinear((text) => read(text, growing), runs),
      "",
    );
  }
});

test("rendering never reads childNodes, which browsers recount after each change", () => {
  const { document } = new JSDOM("<body></body>").window;
  const box = document.createElement("div");
  Object.defineProperty(box, "childNodes", {
    get() {
      throw new Error("childNodes was read");
    },
  });
  renderMarkdown(box, "a\n\nb\n\nc *d* `e`", "Copy", true);
  renderMarkdown(box, "a\n\nb", "Copy");
  assert.equal(box.innerHTML, '<p dir="auto">a</p><p dir="auto">b</p>');
  renderMarkdown(box, "x\n\ny\n\nz", "Copy");
  assert.equal(box.innerHTML, '<p dir="auto">x</p><p dir="auto">y</p><p dir="auto">z</p>');
});

test("counting steps is deterministic", () => {
  const steps = (size) => stepsOf((text) => read(text, false), "a *b* ".repeat(size));
  assert.ok(steps(100) > 500);
  assert.equal(steps(100), steps(100));
  assert.ok(steps(200) > 1.9 * steps(100) && steps(200) < 2.1 * steps(100));
});

test("quadratic work is detected", () => {
  const make = (size) => "a".repeat(size / 2);
  assert.match(
    superlinear((text) => /a*b/.test(text), make),
    /times as long/,
  );
});
