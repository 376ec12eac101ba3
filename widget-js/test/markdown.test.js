import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { renderMarkdown } from "../src/markdown.js";

const { document } = new JSDOM("<body></body>").window;

function html(text, growing = false) {
  const box = document.createElement("div");
  renderMarkdown(box, text, "Copy", growing);
  return htmlOf(box);
}

/** The markup without directions, which have tests of their own, and the attributes of all links. */
function htmlOf(box) {
  return box.innerHTML
    .replace(/ dir="(auto|ltr|rtl)"/g, "")
    .replace(/ target="_blank" rel="noopener noreferrer nofollow ugc"/g, "");
}

const cases = {
  "plain text": ["Hello & <b>you</b>", "<p>Hello &amp; &lt;b&gt;you&lt;/b&gt;</p>"],
  "strong, em, del": [
    "**a** *b* _c_ __d__ ~~e~~",
    "<p><strong>a</strong> <em>b</em> <em>c</em> <strong>d</strong> <del>e</del></p>",
  ],
  "both at once": ["***a***", "<p><em><strong>a</strong></em></p>"],
  "nested emphasis": ["**a *b* c**", "<p><strong>a <em>b</em> c</strong></p>"],
  "emphasis that never closes": ["**a *b", "<p>**a *b</p>"],
  "stars that are no emphasis": ["2 * 3 * 4", "<p>2 * 3 * 4</p>"],
  "underscores within words": ["snake_case_name", "<p>snake_case_name</p>"],
  "emphasis without spaces around": [
    "注意：**重要。**继续",
    "<p>注意：<strong>重要。</strong>继续</p>",
  ],
  escapes: ["\\*a\\* \\_ \\\\", "<p>*a* _ \\</p>"],
  "code span": ["`a*b*` and ``c`d``", "<p><code>a*b*</code> and <code>c`d</code></p>"],
  "hard breaks": ["a\nb", "<p>a<br>b</p>"],
  "a break in a table": [
    "|a|b|\n|-|-|\n|x<br>y|z|",
    '<div class="table" tabindex="0"><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>x<br>y</td><td>z</td></tr></tbody></table></div>',
  ],
  paragraphs: ["a\n\n\nb", "<p>a</p><p>b</p>"],
  heading: ["## Title ##\ntext", "<p><strong>Title</strong></p><p>text</p>"],
  "C# in a heading": ["# C#", "<p><strong>C#</strong></p>"],
  rule: ["a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"],
  quote: ["> a\n> b", "<blockquote><p>a<br>b</p></blockquote>"],
  "list after a line": ["Items:\n- a\n- b", "<p>Items:</p><ul><li>a</li><li>b</li></ul>"],
  "loose list": ["- a\n\n- b", "<ul><li>a</li><li>b</li></ul>"],
  "nested list": [
    "1. a\n   - b\n     - c\n2. d",
    '<ol start="1"><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ol>',
  ],
  "nested by two": [
    "1. a\n  - b\n2. c",
    '<ol start="1"><li>a<ul><li>b</li></ul></li><li>c</li></ol>',
  ],
  "list that starts late": ["3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'],
  "a year is no list": ["It was in\n1999. A good year", "<p>It was in<br>1999. A good year</p>"],
  fence: [
    "```js\na < b\n\n*c*\n```\nd",
    '<figure><figcaption><span>js</span><button type="button" class="copy">Copy</button></figcaption><pre tabindex="0"><code>a &lt; b\n\n*c*</code></pre></figure><p>d</p>',
  ],
  table: [
    "| a | b\\|c |\n|---|:-:|\n| *1* |",
    '<div class="table" tabindex="0"><table><thead><tr><th>a</th><th align="center">b|c</th></tr></thead><tbody><tr><td><em>1</em></td><td align="center"></td></tr></tbody></table></div>',
  ],
  "a table with sides": [
    "| a | b | c |\n|:--|:-:|--:|\n| 1 | 2 | 3 |",
    '<div class="table" tabindex="0"><table><thead><tr><th>a</th><th align="center">b</th><th align="right">c</th></tr></thead><tbody><tr><td>1</td><td align="center">2</td><td align="right">3</td></tr></tbody></table></div>',
  ],
  "what is to do": ["- [ ] a\n- [x] b", "<ul><li>☐ a</li><li>☑ b</li></ul>"],
  "a heading underlined": ["a\n*b*\n===\nc", "<p><strong>a<br><em>b</em></strong></p><p>c</p>"],
  "a break by a backslash": ["a\\\nb", "<p>a<br>b</p>"],
  "spaces around code": [
    "` a ` ` b` `c ` `  `",
    "<p><code>a</code> <code> b</code> <code>c </code> <code>  </code></p>",
  ],
  "backticks in code": ["`` a ` b `` ` `` `", "<p><code>a ` b</code> <code>``</code></p>"],
  entities: [
    "&lt;b&gt; &amp;amp; &quot;&#39;&nbsp;&copy; &constructor; `&lt;`",
    "<p>&lt;b&gt; &amp;amp; \"'&nbsp;© &amp;constructor; <code>&amp;lt;</code></p>",
  ],
  "two kinds of emphasis, closed one by one": [
    "***a** b* ***c* d**",
    "<p><em><strong>a</strong> b</em> <strong><em>c</em> d</strong></p>",
  ],
  "a mail address": ["<a@b.example>", '<p><a href="mailto:a@b.example">a@b.example</a></p>'],
  "links with their addresses below": [
    '[a][1], [*b*][ Two ], [1] and [c][3]\n\n[1]: https://x.example/\n[two]: <https://y.example/> "t"\n[3]: javascript:alert(1)',
    '<p><a href="https://x.example/">a</a>, <a href="https://y.example/"><em>b</em></a>, <a href="https://x.example/">[1]</a> and c</p>',
  ],
  "an address in code is no target": [
    "```\n[1]: https://x.example/\n```\n[a][1]",
    '<figure><figcaption><span></span><button type="button" class="copy">Copy</button></figcaption><pre tabindex="0"><code>[1]: https://x.example/</code></pre></figure><p>[a][1]</p>',
  ],
  link: ["[a *b*](https://x.example/y)", '<p><a href="https://x.example/y">a <em>b</em></a></p>'],
  "link with a title": ['[a](https://x.example/ "t")', '<p><a href="https://x.example/">a</a></p>'],
  "link with brackets": [
    "[a](https://x.example/b_(c))",
    '<p><a href="https://x.example/b_(c)">a</a></p>',
  ],
  "an address as its own label": [
    "[https://x.example](https://x.example)",
    '<p><a href="https://x.example/">https://x.example</a></p>',
  ],
  "link in a link": [
    "[a [b](https://x.example/) c](https://y.example/)",
    '<p>[a <a href="https://x.example/">b</a> c](<a href="https://y.example/">https://y.example/</a>)</p>',
  ],
  "bare address": [
    "See https://x.example/a_b, or (https://y.example).",
    '<p>See <a href="https://x.example/a_b">https://x.example/a_b</a>, or (<a href="https://y.example/">https://y.example</a>).</p>',
  ],
  "address in brackets": [
    "<https://x.example> <mailto:a@b.example>",
    '<p><a href="https://x.example/">https://x.example</a> <a href="mailto:a@b.example">mailto:a@b.example</a></p>',
  ],
  tel: ["[call](tel:+4712345678)", '<p><a href="tel:+4712345678">call</a></p>'],
  javascript: ["[a](javascript:alert(1))", "<p>a</p>"],
  "javascript in disguise": [
    "[a](JaVaScRiPt:alert(1)) <javascript:alert(1)>",
    "<p>a &lt;javascript:alert(1)&gt;</p>",
  ],
  "data, file, blob, relative": [
    "[a](data:text/html,x) [b](file:///etc) [c](blob:x) [d](/x) [e](//x.example)",
    "<p>a b c d e</p>",
  ],
  image: [
    "![secret](https://evil.example/?q=1)",
    '<p><a href="https://evil.example/?q=1">secret</a></p>',
  ],
  html: [
    "<img src=x onerror=alert(1)><script>alert(1)</script>",
    "<p>&lt;img src=x onerror=alert(1)&gt;&lt;script&gt;alert(1)&lt;/script&gt;</p>",
  ],
};

for (const [name, [text, wanted]] of Object.entries(cases)) {
  test(`markdown: ${name}`, () => assert.equal(html(text), wanted));
}

const growing = {
  "half a strong": ["a **bo", "<p>a <strong>bo</strong></p>"],
  "half a closing mark": ["a **bo*", "<p>a <strong>bo</strong></p>"],
  "a mark alone": ["a **", "<p>a </p>"],
  "half a code span": ["a `co", "<p>a <code>co</code></p>"],
  "half a label": ["see [the pa", "<p>see the pa</p>"],
  "half an address": ["see [the page](https://x.exam", "<p>see the page</p>"],
  "a bullet that begins": ["- a\n- ", "<ul><li>a</li></ul>"],
  "an open fence": [
    "```js\nlet a",
    '<figure><figcaption><span>js</span><button type="button" class="copy">Copy</button></figcaption><pre tabindex="0"><code>let a</code></pre></figure>',
  ],
};

for (const [name, [text, wanted]] of Object.entries(growing)) {
  test(`growing markdown: ${name}`, () => assert.equal(html(text, true), wanted));
}

const TAGS = new Set(
  "p,strong,em,del,code,pre,ul,ol,li,blockquote,a,br,hr,div,table,thead,tbody,tr,th,td,figure,figcaption,span,button".split(
    ",",
  ),
);
const ATTRIBUTES = new Set("href,target,rel,start,class,tabindex,dir,type,align".split(","));

function assertSafe(box, context) {
  for (const element of box.querySelectorAll("*")) {
    assert.ok(TAGS.has(element.localName), `${element.localName} in ${context}`);
    for (const { name } of element.attributes)
      assert.ok(ATTRIBUTES.has(name), `${name} in ${context}`);
    if (element.localName !== "a") continue;
    assert.match(element.href, /^(https?|mailto|tel):/);
    assert.equal(element.rel, "noopener noreferrer nofollow ugc");
    assert.equal(element.querySelector("a"), null);
  }
}

const HOSTILE = `${Object.values(cases)
  .map(([text]) => text)
  .join("\n\n")}
[x](java\nscript:alert(1)) [x](&#106;avascript:alert(1)) [x](https://a"onmouseover="alert(1)) <a href="javascript:1">
![x](x"onerror="alert(1)) [a][b] [b]: javascript:alert(1)
<svg/onload=alert(1)> \u202e [x]( javascript:1) [x](<javascript:1>) \u0000 **[x**](https://a.example) \`\`\`
- > - > \`\`\`<script>\n\t|a|\n|-|-`;

test("hostile text, cut at every position, only creates allowed elements", () => {
  const box = document.createElement("div");
  for (let end = 0; end <= HOSTILE.length; end++) {
    const text = HOSTILE.slice(0, end);
    renderMarkdown(box, text, "Copy", true);
    assertSafe(box, JSON.stringify(text.slice(-40)));
  }
});

test("streamed text renders like complete text, wherever it was cut", () => {
  const whole = html(HOSTILE);
  for (let cut = 0; cut <= HOSTILE.length; cut += 7) {
    const box = document.createElement("div");
    renderMarkdown(box, HOSTILE.slice(0, cut), "Copy", true);
    renderMarkdown(box, HOSTILE, "Copy");
    const now = htmlOf(box);
    assert.equal(now, whole, `cut at ${cut}`);
  }
});

test("complete blocks keep their nodes while the answer streams", () => {
  const box = document.createElement("div");
  renderMarkdown(box, "# One\n\nTwo **th", "Copy", true);
  const [one, two] = box.children;
  const strong = two.querySelector("strong");
  renderMarkdown(box, "# One\n\nTwo **three** four", "Copy", true);
  assert.equal(box.children[0], one);
  assert.equal(box.children[1], two);
  assert.equal(two.querySelector("strong"), strong);
  assert.equal(strong.textContent, "three");
});
