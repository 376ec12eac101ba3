import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { renderMarkdown } from "../src/markdown.js";

const { document } = new JSDOM("<body></body>").window;

/** Return the text, with each link in ⟦⟧, and the addresses of the links. */
function render(text, pieces) {
  const box = document.createElement("div");
  for (const piece of pieces) renderMarkdown(box, piece, "Copy", true);
  renderMarkdown(box, text, "Copy");
  const hrefs = [...box.querySelectorAll("a")].map((a) => a.getAttribute("href"));
  for (const a of box.querySelectorAll("a")) a.replaceWith(`⟦${a.textContent}⟧`);
  return [box.textContent, ...hrefs];
}

/** Where each address begins and ends. The text of every row is what remains without ⟦ and ⟧. */
const ENDS = `
⟦https://example.com⟧
⟦http://example.com/⟧
See ⟦https://example.com/a⟧.
See ⟦https://example.com/a⟧, then
See ⟦https://example.com/a⟧; then
Is it ⟦https://example.com/a⟧?
It is ⟦https://example.com/a⟧!
It is ⟦https://example.com/a⟧?!
Look: ⟦https://example.com/a⟧: here
Wait ⟦https://example.com/a⟧...
Wait ⟦https://example.com/a⟧…
⟦https://example.com/a⟧…more
"⟦https://example.com/a⟧"
'⟦https://example.com/a⟧'
['⟦https://example.com/a⟧','⟦https://example.com/b⟧']
“⟦https://example.com/a⟧”
“⟦https://example.com/a⟧.”
“⟦https://example.com/a⟧”.
‘⟦https://example.com/a⟧’
‘⟦https://example.com/a⟧’s page
„⟦https://example.com/a⟧“
‚⟦https://example.com/a⟧‘
«⟦https://example.com/a⟧»
« ⟦https://example.com/a⟧ »
»⟦https://example.com/a⟧«
‹⟦https://example.com/a⟧›
「⟦https://example.com/a⟧」
『⟦https://example.com/a⟧』
【⟦https://example.com/a⟧】
《⟦https://example.com/a⟧》
〈⟦https://example.com/a⟧〉
〔⟦https://example.com/a⟧〕
（⟦https://example.com/a⟧）
［⟦https://example.com/a⟧］
｛⟦https://example.com/a⟧｝
(⟦https://example.com/a⟧)
(see ⟦https://example.com/a⟧).
(⟦https://example.com/a⟧), and
(⟦https://example.com/a⟧)b
[⟦https://example.com/a⟧]
{⟦https://example.com/a⟧}
⟦https://en.wikipedia.org/wiki/Set_(mathematics)⟧
(⟦https://en.wikipedia.org/wiki/Set_(mathematics)⟧)
(see ⟦https://en.wikipedia.org/wiki/Set_(mathematics)⟧, too)
⟦https://en.wikipedia.org/wiki/A_(b_(c))⟧.
⟦https://example.com/?filter[name]=a⟧ here
⟦https://example.com/{id}⟧.
⟦https://example.com/a⟧(
⟦https://example.com⟧(see below)
⟦https://en.wikipedia.org/wiki/Schindler's_List⟧
⟦https://fr.wikipedia.org/wiki/L’Équipe⟧ et
⟦https://example.com⟧'s page
⟦https://example.com⟧’s page
⟦https://example.com⟧'da
⟦https://example.com/a⟧—it
⟦https://example.com/a⟧ — it
—⟦https://example.com/a⟧—
⟦https://example.com⟧—it
⟦https://en.wikipedia.org/wiki/Michelson–Morley_experiment⟧
⟦https://example.com/a⟧– it
⟦https://example.com/a⟧،
⟦https://example.com/a⟧؛
هل هو ⟦https://example.com/a⟧؟
زوروا ⟦https://example.com/a⟧، ثم
⟦https://example.com/a⟧۔
⟦https://example.com/a⟧।
⟦https://example.com/a⟧॥
देखें ⟦https://example.com/a⟧। फिर
⟦https://example.com/a⟧։
⟦https://example.com/a⟧።
⟦https://example.com/a⟧၊
⟦https://example.com/a⟧។
⟦https://example.com/a⟧。
⟦https://example.com/a⟧、
⟦https://example.com/a⟧，
⟦https://example.com/a⟧；
⟦https://example.com/a⟧：
⟦https://example.com/a⟧！
⟦https://example.com/a⟧？
⟦https://example.com⟧。
詳細は⟦https://example.com/help⟧へ
詳細は ⟦https://example.com/help⟧ へ
詳細は⟦https://example.com/⟧をご覧ください
详见：⟦https://example.com/help⟧，谢谢
请访问⟦https://example.com⟧了解
请访问⟦https://example.com/?a=1⟧了解
请访问⟦https://example.com/a-b⟧了解，再见
자세한 내용은 ⟦https://example.com/help⟧에서
ดูที่⟦https://example.com/help⟧นะ
⟦https://ja.wikipedia.org/wiki/東京⟧ は
東京：⟦https://ja.wikipedia.org/wiki/ジョン・レノン⟧。
⟦https://ja.wikipedia.org/wiki/コーヒー⟧ です
⟦https://de.wikipedia.org/wiki/Zürich⟧.
⟦https://ru.wikipedia.org/wiki/Москва⟧, и
⟦https://ar.wikipedia.org/wiki/القاهرة⟧، و
⟦https://fa.wikipedia.org/wiki/می‌روم⟧ و
⟦https://hi.wikipedia.org/wiki/दिल्ली⟧।
⟦https://ca.wikipedia.org/wiki/Col·legi⟧.
⟦https://bücher.example/⟧.
⟦https://пример.рф/путь⟧,
⟦https://例え.jp/⟧ へ
ב⟦https://example.com/a⟧.
و⟦https://example.com/a⟧
⟦http://localhost:8000/a⟧.
⟦https://example.com:8443⟧:
⟦https://example.com:8443/a⟧,
⟦http://127.0.0.1:5000⟧.
⟦http://[::1]:8080/a⟧)
⟦https://[2001:db8::1]⟧]
https://user@example.com/a
https://user:secret@example.com/
https://bank.example@evil.example/login
⟦https://medium.com/@user/post⟧.
⟦https://example.com/a%20b⟧,
⟦https://example.com/#top⟧.
⟦https://example.com/a#b?c=d/e⟧;
⟦https://example.com/a#:~:text=some%20words⟧.
⟦https://example.com?q=1&r=2⟧.
⟦https://example.com/a;b=1,c⟧.
⟦https://example.com/a⟧,⟦https://example.com/b⟧
⟦https://example.com⟧,⟦https://example.org⟧
⟦https://web.archive.org/web/2020/https://example.com/⟧.
⟦https://example.com/a--b⟧
⟦https://example.com/~user/⟧
⟦https://example.com/a=⟧
⟦https://example.com/a+b⟧.
⟦https://example.com/a⟧→b
⟦https://example.com/a⟧😀
⟦https://example.com/a⟧™
⟦https://example.com/a⟧<b
⟦https://example.com/a⟧\u200b
\u200b⟦https://example.com/a⟧\u200fb
\u2068⟦https://example.com/a⟧\u2069
⟦https://example.com/a⟧\u00a0b
⟦HTTPS://Example.com/A⟧.
⟦Https://example.com/a⟧
xhttps://example.com/a
éhttps://example.com/a
https://
https://...
http:/example.com
ftp://example.com/a
ftp://www.example.com/a
xhttps://www.example.com/a
//example.com/a
javascript:alert(1)
data:text/html,x
⟦www.example.com⟧
See ⟦www.example.com⟧.
⟦WWW.example.com/a⟧,
⟦www.example.com/a_(b)⟧)
詳細は⟦www.example.com⟧へ
⟦www.bücher.example⟧.
www.example
awww.example.com
⟦help@example.com⟧
Write to ⟦help@example.com⟧.
(⟦help@example.com⟧)
“⟦help@example.com⟧”
メールは⟦help@example.com⟧へ
ל⟦help@example.com⟧
«⟦help@example.com⟧»
⟦first.last+tag@sub.example.co.uk⟧,
⟦mailto:help@example.com⟧.
Email:⟦help@example.com⟧
⟦help@bücher.example⟧.
jürgen@example.com
@help@example.social
help@example
a@b@
⟦a@example.com⟧, ⟦b@example.com⟧
⟦user@example.com⟧-
lodash@4.17.21
user@192.168.1.1
⟦user@mail.example.museum⟧…
⟦o'brien@example.com⟧
Write to ⟦mary.o'neil@example.com⟧'s desk.
'⟦o'brien@example.com⟧', '⟦help@example.com⟧'
['⟦a@example.com⟧','⟦b@example.com⟧']
⟦help@example.com⟧: write
⟦a@example.com⟧/b
git@github.com:org/repo
git clone git@gitlab.example.co.uk:8443/a.git
scp a deploy@www.example.com:b or ops@example.com:/srv
postgres://shop:secret@db.example.com/app
redis://:secret@cache.example.com
サイトは⟦https://example.com⟧、メールは⟦help@example.com⟧へ
⟦https://example.com⟧,⟦help@example.com⟧
a@ b, look@ or @b
⟦http://192.168.1.10:3000/x⟧,
⟦http://[2001:db8::1]:8080/path?x=[1]⟧.
⟦https://example.com/a⟧\u200c b
⟦https://example.com/a⟧\u200d。
⟦https://example.com/a⟧\u2060b
⟦https://example.com/a⟧👨‍👩‍👧
⟦https://example.com/a⟧෴
⟦https://example.com/a⟧๚
⟦https://example.com/a⟧༎
⟦https://example.com/a⟧׃
⟦https://example.com/a⟧⸮
⟦https://example.com/a⟧‼
〝⟦https://example.com/a⟧〟
⟪⟦https://example.com/a⟧⟫
｢⟦https://example.com/a⟧｣
﴾⟦https://example.com/a⟧﴿
ເບິ່ງ⟦https://example.com/a⟧ແລ້ວ
មើល⟦https://example.com/a⟧។
ကြည့်⟦https://example.com/a⟧ပါ။
`
  .trim()
  .split("\n");

for (const row of ENDS) {
  test(`bare address: ${row}`, () => {
    const text = row.replace(/[⟦⟧]/g, "");
    assert.equal(render(text, [])[0], row);
  });
}

test("a streamed address ends where a whole one does", () => {
  for (const row of ENDS) {
    const text = row.replace(/[⟦⟧]/g, "");
    const pieces = Array.from(text, (_, at) => text.slice(0, at));
    assert.equal(render(text, pieces)[0], row);
  }
});

/** @type {[string, ...string[]][]} markdown, its text with ⟦links⟧, and their addresses */
const MARKED = [
  ["**https://example.com/a**", "⟦https://example.com/a⟧", "https://example.com/a"],
  ["*https://example.com/a*", "⟦https://example.com/a⟧", "https://example.com/a"],
  ["_https://example.com/a_b_", "⟦https://example.com/a_b⟧", "https://example.com/a_b"],
  ["__https://example.com/a__", "⟦https://example.com/a⟧", "https://example.com/a"],
  ["~~https://example.com/a~~", "⟦https://example.com/a⟧", "https://example.com/a"],
  ["**help@example.com**", "⟦help@example.com⟧", "mailto:help@example.com"],
  ["_help@example.com_", "⟦help@example.com⟧", "mailto:help@example.com"],
  ["`https://example.com/a`", "https://example.com/a"],
  ["`help@example.com`", "help@example.com"],
  ["https://example.com/a\\_b", "⟦https://example.com/a_b⟧", "https://example.com/a_b"],
  ["https://a.example/?b=1&amp;c=2", "⟦https://a.example/?b=1&c=2⟧", "https://a.example/?b=1&c=2"],
  ["&quot;https://example.com/a&quot;", '"⟦https://example.com/a⟧"', "https://example.com/a"],
  ["&lt;https://example.com/a&gt;", "<⟦https://example.com/a⟧>", "https://example.com/a"],
  ["<https://example.com/a)>", "⟦https://example.com/a)⟧", "https://example.com/a)"],
  ["<help@example.com>", "⟦help@example.com⟧", "mailto:help@example.com"],
  ["[https://a.example](https://b.example/)", "⟦https://a.example⟧", "https://b.example/"],
  ["<o'brien@example.com>", "⟦o'brien@example.com⟧", "mailto:o'brien@example.com"],
  ["<git@github.com:org/repo>", "git@github.com:org/repo"],
  ["[a@b.example](https://b.example/)", "⟦a@b.example⟧", "https://b.example/"],
  ["[a](www.example.com)", "⟦a⟧", "https://www.example.com/"],
  ["[a](help@example.com)", "⟦a⟧", "mailto:help@example.com"],
  ["[a](https://b.example/?c=1&amp;d=2)", "⟦a⟧", "https://b.example/?c=1&d=2"],
  ["[a](https://b.example/c\\_d)", "⟦a⟧", "https://b.example/c_d"],
  ["[a](<https://b.example/c d>)", "⟦a⟧", "https://b.example/c%20d"],
  ["[a](https://user:pw@b.example/)", "a"],
  ['[a](https://b.example "Bob\'s (page)")', "⟦a⟧", "https://b.example/"],
  ["[a](https://b.example 'x \"y\"')", "⟦a⟧", "https://b.example/"],
  ["[a](https://b.example (x's))", "⟦a⟧", "https://b.example/"],
  ['[a](https://b.example "x \\"y\\"")', "⟦a⟧", "https://b.example/"],
  ["[![a](https://b.example/c.png)](https://d.example/)", "⟦a⟧", "https://d.example/"],
  ["[a](java&#115;cript:alert&#40;1&#41;)", "a"],
  ["[a](&#x6a;avascript:alert)", "a"],
  ["|a|\n|-|\n|https://example.com/a|", "a⟦https://example.com/a⟧", "https://example.com/a"],
  ["[*https://a.example* b](https://b.example/)", "⟦https://a.example b⟧", "https://b.example/"],
  ["- https://example.com/a\n- b", "⟦https://example.com/a⟧b", "https://example.com/a"],
  ["詳細はhttps://例え.jpへ", "詳細は⟦https://例え.jp⟧へ", "https://xn--r8jz45g.jp/"],
];

for (const [text, ...wanted] of MARKED) {
  test(`address in markdown: ${text}`, () => assert.deepEqual(render(text, []), wanted));
}
