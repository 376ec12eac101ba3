import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { renderMarkdown } from "../src/markdown.js";

const { document } = new JSDOM("<body></body>").window;

function render(text, growing = false) {
  const box = document.createElement("div");
  renderMarkdown(box, text, "Copy", growing);
  return box;
}

/** @type {{ [source: string]: string }} */
const ENTITIES = {
  "Bob&#x27;s &#39;a&#39;": "Bob's 'a'",
  "&#128512; &#x1F600; &#X1f600;": "😀 😀 😀",
  "a &mdash; b &ndash; c&hellip;": "a — b – c…",
  "&ldquo;a&rdquo; &lsquo;b&rsquo; &laquo;c&raquo; &bdquo;d&ldquo;": "“a” ‘b’ «c» „d“",
  "&copy; &reg; &trade; &euro; &pound; &yen; &deg;": "© ® ™ € £ ¥ °",
  "&times; &divide; &plusmn; &frac12; &sup2; &rarr; &larr;": "× ÷ ± ½ ² → ←",
  "&eacute;&Agrave;&ntilde;&ccedil;&uuml;&Ouml;&aring;&icirc;": "éÀñçüÖåî",
  "&frac14; &frac34; &sup3; &le; &ge; &ne; &infin;": "¼ ¾ ³ ≤ ≥ ≠ ∞",
  "&uarr; &darr; &check; &Oslash;rsted می&zwnj;روم": "↑ ↓ ✓ Ørsted می\u200cروم",
  "&scaron;&Zcaron;&szlig;&aelig;&oslash;&oelig;": "šŽßæøœ",
  "&#146; &#150; &#x80; &#x9f;": "’ – € Ÿ",
  "&#0; &#xD800; &#xdfff; &#x110000; &#1; &#129;": "� � � � � �",
  "&#9999999; &#12345678; &#; &#x; &#xg; &zzz; &; &amp":
    "� &#12345678; &#; &#x; &#xg; &zzz; &; &amp",
  "&constructor; &toString; &Amp; &AMP;": "&constructor; &toString; &Amp; &AMP;",
  "&lt;b&gt;x&lt;/b&gt; &#60;img src=x&#62;": "<b>x</b> <img src=x>",
  "&#42;a&#42; &#91;b](https://x.example/)": "*a* [b](https://x.example/)",
  "&amp;lt; \\&lt; \\&amp;": "&lt; &lt; &amp;",
};

for (const [source, wanted] of Object.entries(ENTITIES)) {
  test(`entities are decoded to text: ${source}`, () => {
    const [paragraph, ...others] = render(source).children;
    assert.equal(paragraph.textContent, wanted);
    assert.equal(others.length, 0);
    assert.equal(paragraph.querySelector("b, img, em"), null);
  });
}

test("entities in code stay as written", () => {
  assert.equal(
    render("`&mdash;`\n\n```\n&#65;\n```").querySelector("p code").textContent,
    "&mdash;",
  );
  assert.equal(render("```\n&#65;\n```").querySelector("pre").textContent, "&#65;");
});

test("each block of text has its own direction", () => {
  const box = render(
    "# عنوان\n\nHello, in Arabic:\n\nمرحبا\n\n- one\n- واحد\n  1. two\n\n> اقتباس\n\n| a | ب |\n|---|---|\n| c | د |",
  );
  const texts = box.querySelectorAll("p, li, th, td");
  assert.equal(texts.length, 11);
  for (const node of texts) assert.equal(node.getAttribute("dir"), "auto", node.textContent);
});

for (const [source, tag, wanted] of [
  ["> اقتباس", "blockquote", "rtl"],
  ["> **שלום** a", "blockquote", "rtl"],
  ["> a שלום", "blockquote", "ltr"],
  ["> 1.", "blockquote", "ltr"],
  ["| السعر | b |\n|---|---|\n| 1 | 2 |", "table", "rtl"],
  ["| a | السعر |\n|---|---|\n| 1 | 2 |", "table", "ltr"],
  ["مرحبا `npm i`", "code", "ltr"],
  ["```\nمرحبا\n```", "pre", "ltr"],
  ["مرحبا https://example.com/a", "a", "ltr"],
  ["مرحبا help@example.com", "a", "ltr"],
  ["[مرحبا](https://example.com/a)", "a", null],
]) {
  test(`direction of ${tag}: ${source}`, () => {
    assert.equal(render(source).querySelector(tag).getAttribute("dir"), wanted);
  });
}

/** @type {[string, string, string][]} */
const CODE = [
  ["tabs in a fence", "```\na\n\tb\n\t\tc\td\n```", "a\n\tb\n\t\tc\td"],
  ["tabs in a fence in a list", "- a\n\n\t```\n\tb\n\t\tc\n\t```", "b\n\tc"],
  ["spaces and tabs in a fence in a list", "1. a\n\n   ```\n   b\n   \tc\n   ```", "b\n\tc"],
  ["a fence that is indented", "  ```\n  a\n    b\n  ```", "a\n  b"],
  ["a fence indented by four", "    ```\n    a\n    ```", "a"],
  ["code by four spaces", "Run:\n\n    a\n      b\n\nDone", "a\n  b"],
  ["code by four spaces with blank lines", "    a\n\n    b\n   \n\nDone", "a\n\nb"],
  ["code by a tab", "Run:\n\n\ta\n\t\tb", "a\n\tb"],
  ["code by four spaces with markup", "    *a* <b> https://x.example", "*a* <b> https://x.example"],
  ["code by four spaces in a quote", ">     a\n>     b", "a\nb"],
  ["code by four spaces in a list", "- a\n\n      b\n        c", "b\n  c"],
];

for (const [name, source, wanted] of CODE) {
  test(`code keeps its layout: ${name}`, () => {
    assert.equal(render(source).querySelector("pre code")?.textContent, wanted);
    assert.equal(render(`${source}\n\nx`, true).querySelector("pre code")?.textContent, wanted);
  });
}

for (const [name, source] of [
  ["a paragraph that continues", "a\n    b"],
  ["a paragraph in a list", "- a\n\n    b"],
  ["an item that continues", "1. a\n      b"],
  ["a list that is indented", "    - a\n    - b"],
]) {
  test(`no code: ${name}`, () => assert.equal(render(source).querySelector("pre"), null));
}

/** @type {[string, string, string][]} */
const HTML = [
  [
    "lists nested by tabs",
    "- a\n\t- b\n\t\t- c",
    "<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li></ul>",
  ],
  ["a row with too few cells", "|a|b|c|\n|-|-|-|\n|1|", "<tr><td>1</td><td></td><td></td></tr>"],
  ["a row with too many cells", "|a|\n|-|\n|1|2|", "<tbody><tr><td>1</td></tr></tbody>"],
  ["an empty cell in the middle", "|a|b|\n|-|-|\n||2|", "<tr><td></td><td>2</td></tr>"],
  ["a footnote", "a[^1]\n\n[^1]: https://x.example/", "<p>a[^1]</p>"],
  ["a label that is no reference", "[Note]: important", "<p>[Note]: important</p>"],
];

for (const [name, source, wanted] of HTML) {
  test(`markdown: ${name}`, () => {
    assert.ok(render(source).innerHTML.replaceAll(' dir="auto"', "").includes(wanted));
  });
}
