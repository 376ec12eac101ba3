import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JSDOM } from "jsdom";
import { renderMarkdown } from "../../src/markdown.js";

const { document } = new JSDOM("<body></body>").window;

/** All allowed elements with their attributes. */
const ALLOWED = {
  a: ["dir", "href", "rel", "target"],
  blockquote: ["dir"],
  br: [],
  button: ["class", "type"],
  code: ["dir"],
  del: [],
  div: ["class", "tabindex"],
  em: [],
  figcaption: [],
  figure: [],
  hr: [],
  li: ["dir"],
  ol: ["start"],
  p: ["dir"],
  pre: ["dir", "tabindex"],
  span: [],
  strong: [],
  table: ["dir"],
  tbody: [],
  td: ["align", "dir"],
  th: ["align", "dir"],
  thead: [],
  tr: [],
  ul: [],
};
const SCHEMES = ["http:", "https:", "mailto:", "tel:"];

/** Tokens of the parser, of HTML and of addresses. */
const PIECES = [
  ..."*_~`#>|-+.()[]!\\<>\n\t \"'&:/=",
  ...["**", "__", "~~", "```", "~~~", "- ", "1. ", "> ", "# ", "---", "](", "![", "\n\n", "    "],
  ...["| - |", "<br>", "https://a.example/", "http:", "mailto:x@y.z", "tel:+41", "data:text/html,"],
  ...["www.a.example", "a@b.example", "は", "’", "&mdash;", "\n\n    ", "\t", "[^1]: "],
  ...["javascript:alert(1)", "<script>", "</p>", "<img src=x onerror=1>", "&#106;", "onclick="],
  ...["\u0000", "\u2028", "\ud83d", "😀", "注意", "a", "b c"],
];
const arbitrary = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join("")),
  fc.string({ unit: "binary", maxLength: 200 }),
);

function check(box) {
  for (const element of box.querySelectorAll("*")) {
    const name = element.nodeName.toLowerCase();
    assert.ok(name in ALLOWED, name);
    for (const { name: attribute } of element.attributes) {
      assert.ok(ALLOWED[name].includes(attribute), `${name} ${attribute}`);
    }
    if (name === "a") {
      assert.ok(SCHEMES.includes(new URL(element.getAttribute("href")).protocol));
      assert.equal(element.getAttribute("rel"), "noopener noreferrer nofollow ugc");
      assert.equal(element.querySelector("a"), null);
    }
    if (name === "button") assert.equal(element.getAttribute("type"), "button");
  }
}

test("any model output, cut anywhere, becomes harmless elements", () => {
  fc.assert(
    fc.property(arbitrary, fc.array(fc.nat({ max: 200 }), { maxLength: 4 }), (text, cuts) => {
      const growing = document.createElement("div");
      for (const cut of cuts.sort((a, b) => a - b)) {
        renderMarkdown(growing, text.slice(0, cut), "Copy", true);
        check(growing);
      }
      renderMarkdown(growing, text, "Copy");
      check(growing);
      // The result does not depend on the chunks.
      const whole = document.createElement("div");
      renderMarkdown(whole, text, "Copy");
      assert.equal(growing.innerHTML, whole.innerHTML);
    }),
    { numRuns: 4_000 },
  );
});
