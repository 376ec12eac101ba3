"""What is read from a file, whatever somebody uploads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loquent.agents.importing.documents import LONG
from loquent.agents.importing.files import KINDS, MAX_FILE_BYTES, read_file
from loquent.agents.importing.reading import MAX_CONTENT

PAGE = """<!doctype html><html><head><title>Shop</title><style>p{}</style>
<link rel="canonical" href="https://shop.example.com/returns"></head><body>
<nav><a href="/">Home</a></nav><main><h1>Returns</h1><p>Within <b>30 days</b>.</p>
<ul><li>unused</li><li>with its label</li></ul><script>alert(1)</script>
<table><tr><th>Size</th><th>Price</th></tr><tr><td>S</td><td>12</td></tr></table></main>
<footer>Imprint</footer></body></html>"""


def test_a_short_document_is_one_entry() -> None:
    reading = read_file(name="C:\\texts\\Hours.md", data=b"# Opening hours\n\nNine to six.\n")
    [draft] = reading.drafts
    assert (draft.title, draft.content) == ("Opening hours", "# Opening hours\n\nNine to six.")
    assert read_file(name="Hours.txt", data=b"Nine to six.").drafts[0].title == "Hours"


def test_a_long_document_is_split_at_its_headings() -> None:
    code = "```sh\n# no heading\n```\n"
    text = f"# Guide\n\nHello.\n\n## Wash\n\n{code}{'Cold. ' * 900}\n\n## Dry\n\n{'Air. ' * 900}"
    reading = read_file(name="guide.md", data=text.encode())
    assert [draft.title for draft in reading.drafts] == ["Guide", "Guide – Wash", "Guide – Dry"]
    assert "# no heading" in reading.drafts[1].content
    assert reading.skipped == []


def test_a_long_document_without_headings_is_split_between_paragraphs() -> None:
    text = "\n\n".join(f"Paragraph {number} " + "word " * 300 for number in range(20))
    drafts = read_file(name="book.txt", data=text.encode()).drafts
    assert [draft.title for draft in drafts[:2]] == ["book (1)", "book (2)"]
    assert all(len(draft.content) <= LONG for draft in drafts)
    assert "".join("".join(d.content.split()) for d in drafts) == "".join(text.split())


def test_only_the_main_part_of_a_page_is_imported() -> None:
    [draft] = read_file(name="returns.html", data=PAGE.encode()).drafts
    assert (draft.title, draft.url) == ("Returns", "https://shop.example.com/returns")
    for text in ("# Returns", "Within **30 days**.", "- unused", "| S | 12 |"):
        assert text in draft.content
    for text in ("Home", "Imprint", "alert", "p{}", "<"):
        assert text not in draft.content


@pytest.mark.parametrize(
    "page",
    [
        b"<p>Use <![x] here</p>",
        b"<p>Use <![CDATA[ here",
        b"<p>Use <!here</p>",
        b"<?xml version='1.0'?><html><body><p>Use here</p></body></html>",
        b"<meta charset='utf-16'><p>Use here</p>",
        b"<p>Use" * 1_000,
    ],
)
def test_malformed_markup_is_read(page: bytes) -> None:
    [draft] = read_file(name="odd.html", data=page).drafts
    assert "Use" in draft.content


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<ol><li>a<li>b<ul><li>c<li>d</ul><li>e</ol>", "1. a\n2. b\n   - c\n   - d\n3. e"),
        ("<ol start=5><li>a<ol><li>b</ol><li>c</ol>", "5. a\n   1. b\n6. c"),
        ("<ol start='½'><li>a<li><p>b<p>c</ol>", "1. a\n2. b\n\n   c"),
        (f"<ol start={'9' * 5_000}><li>a</ol>", "1000000000. a"),
        ("<table><thead><tr><th>a<th>b</thead><tr><td>1<td>2<tr><td>3<td>4</table>",
         "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |"),
        ("<table><tr><td colspan='²'>a<tbody><tr><td>b</table>", "|  |\n| --- |\n| a |\n| b |"),
        ("x<pre>\n\n  a\n\n b \n</pre>y", "x\n\n```\n  a\n\n b\n```\n\ny"),
        (f"a{' ' * 500}b<!--{' ' * 500}secret--> c", "a b c"),
    ],
)  # fmt: skip
def test_markup_becomes_markdown(markup: str, expected: str) -> None:
    [draft] = read_file(name="a.html", data=markup.encode()).drafts
    assert draft.content == expected


@pytest.mark.parametrize(
    "page",
    [
        "<!doctype html><title>Shop</title><main>{}</main>",
        "<title>Shop</title><nav>Home</nav><article>{}</article><footer>Imprint</footer>",
        "<meta charset=utf-8><title>Shop</title><section>{}</section><figure>Below</figure>",
        "<base href=/x><title>Shop</title><my-app>{}</my-app>",
        "<html><head><title>Shop</title></head><body><header></header>{}</body></html>",
        "<title>Shop</title><style>p{{}}</style><script>1</script>{}",
    ],
)
def test_page_without_optional_tags_is_read(page: str) -> None:
    text = page.format("<p>Nine to six.</p>")
    [draft] = read_file(name="a.html", data=text.encode()).drafts
    assert (draft.title, draft.content.removesuffix("Below").strip()) == ("Shop", "Nine to six.")


def test_table_without_column_names_is_read() -> None:
    [first, second] = read_file(name="faq.tsv", data=b"Open?\tNine to six.\nShip?\tYes.\n").drafts
    assert (first.title, first.content) == ("Open?", "Nine to six.")
    assert (second.title, second.url) == ("Ship?", "")


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("photo.png", b"\x89PNG", "Only Markdown, CSV, HTML and text"),
        ("README", b"text", "Only Markdown, CSV, HTML and text"),
        ("big.txt", b"x" * (MAX_FILE_BYTES + 1), "larger than 2 MB"),
        ("empty.md", b" \n\t", "It is empty."),
        ("empty.html", b"<html><body><nav>Menu</nav></body></html>", "It is empty."),
        ("binary.txt", bytes(range(256)) * 40, "text encoding can't be read"),
        ("head.csv", b"title,text\n", "no rows below the first one"),
        ("sheet.csv", b"PK\x03\x04\x14\0", "an Excel, Word or ZIP file with another name"),
        ("sheet.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word file"),
        ("page.txt", b"%PDF-1.4\n1 0 obj\nendobj", "a PDF document with another name"),
        ("page.txt", b"{\\rtf1\\ansi Hello}", "an RTF document with another name"),
        ("unseen.txt", "\u200b\ufeff\u2060".encode(), "It is empty."),
        ("one.csv", b"only\none\ncolumn\n", "A table needs two columns"),
        ("wall.txt", b"x" * (MAX_CONTENT + 1), "without a paragraph"),
    ],
)
def test_report_gives_a_reason_for_each_part_left_out(name: str, data: bytes, why: str) -> None:
    reading = read_file(name=name, data=data)
    assert reading.drafts == []
    assert why in reading.skipped[0].why


def test_endlessly_nested_page_is_left_out() -> None:
    data = b"<div>" * 20_000 + b"text"
    reading = read_file(name="deep.html", data=data)
    assert reading.drafts or reading.skipped


@given(name=st.sampled_from([f"file{kind}" for kind in KINDS]), data=st.binary(max_size=400))
def test_any_file_yields_storable_entries_without_raising(name: str, data: bytes) -> None:
    reading = read_file(name=name, data=data)
    assert reading.drafts or reading.skipped
    for draft in reading.drafts:
        assert 0 < len(draft.title) <= 200
        assert 0 < len(draft.content) <= MAX_CONTENT
        assert "\0" not in draft.title + draft.content + draft.url


COMMAS = "On weekdays, nine to six; closed on Sundays"
QUOTED = 'He said "hi", then left'


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("sep=;\r\ntitle;text\r\nOpen;Nine, or ten\r\n", [("Open", "Nine, or ten")]),
        ('"sep=;"\ntitle;text\nOpen;Nine', [("Open", "Nine")]),
        ("SEP=|\nOpen|Nine; ten, or so", [("Open", "Nine; ten, or so")]),
        ("sep=\t\nOpen\tNine, ten", [("Open", "Nine, ten")]),
        ("sep=,\rOpen,Nine\rShip,Yes", [("Open", "Nine"), ("Ship", "Yes")]),
        (f"title\ttext\nOpen\t{COMMAS}", [("Open", COMMAS)]),
        (f'title,text\nOpen,"{COMMAS}"', [("Open", COMMAS)]),
        (f"Open;{COMMAS.replace(';', ' and')}\n", [("Open", COMMAS.replace(";", " and"))]),
        (f'title,text\n"He ""said"" so","{QUOTED.replace(chr(34), chr(34) * 2)}"',
         [('He "said" so', QUOTED)]),
        ('title;text\nOpen;"Nine\r\nto ""six"""\n"Ship";"Yes"\n',
         [("Open", 'Nine\nto "six"'), ("Ship", "Yes")]),
        ("title,text\r\rOpen,Nine\r", [("Open", "Nine")]),
        ('Open?,"Nine, ten"\nShip?,"Yes, daily"\n',
         [("Open?", "Nine, ten"), ("Ship?", "Yes, daily")]),
        ("category,question,answer\nA,Open?,Nine\n", [("Open?", "Nine")]),
        ("title,text\nOpen,It's 5\" wide\n", [("Open", "It's 5\" wide")]),
        ("Questions,Answers\nOpen,Nine\n", [("Open", "Nine")]),
        ("Вопрос;Ответ\nОткрыто;Да\n", [("Открыто", "Да")]),
        ("質問,回答\n返品,三十日以内\n", [("返品", "三十日以内")]),
        ("Que\u0301stion,Re\u0301ponse\n", [("Que\u0301stion", "Re\u0301ponse")]),
        ("Question,Re\u0301ponse\nOuvert,Neuf\n", [("Ouvert", "Neuf")]),
        ("\ufefftitle,text\n\u200bOpen\u200b,\ufeffNine\u202c\n", [("Open", "Nine")]),
        ('title;text\n="0012";="=1+1"\n', [("0012", "=1+1")]),
        ('title,text\n=1+1,"=HYPERLINK(""x"")"\n', [("=1+1", '=HYPERLINK("x")')]),
        ("title,text\nOpen,Nine\n\x1a", [("Open", "Nine")]),
    ],
)  # fmt: skip
def test_tables_are_read_as_spreadsheets_write_them(
    table: str, rows: list[tuple[str, str]]
) -> None:
    for data in (table.encode(), table.encode("utf-8-sig"), table.encode("utf-16")):
        reading = read_file(name="faq.csv", data=data)
        assert [(draft.title, draft.content) for draft in reading.drafts] == rows
        assert reading.skipped == []


def test_long_cell_is_left_out_alone() -> None:
    data = f'title,text\nLong,"{"word " * 60_000}"\nShip,Yes\n'.encode()
    reading = read_file(name="faq.csv", data=data)
    assert [draft.title for draft in reading.drafts] == ["Ship"]
    [part] = reading.skipped
    assert part.what == "faq.csv, row 2"
    assert "100,000 characters" in part.why


def test_rows_after_an_open_quote_are_not_imported_as_its_text() -> None:
    data = b'title,text\nOpen,Nine\nShip,"Yes\nLast,No\nEnd,Never\n'
    reading = read_file(name="faq.csv", data=data)
    assert [draft.title for draft in reading.drafts] == ["Open"]
    [part] = reading.skipped
    assert part.what == "faq.csv, row 3"
    assert part.why.startswith("Its double quote is not closed")


def test_row_with_more_cells_than_the_first_is_left_out_and_named() -> None:
    data = b"title,text\nOpen,On weekdays, nine to six\nShip,Yes,\nLast,No\n"
    reading = read_file(name="faq.csv", data=data)
    assert [draft.title for draft in reading.drafts] == ["Ship", "Last"]
    [part] = reading.skipped
    assert part.what == "faq.csv, row 2"
    assert part.why.startswith("It has more cells than the first row.")


@pytest.mark.parametrize("name", ["notes.txt", "notes.md"])
@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends_of_every_system_are_read(name: str, end: str) -> None:
    [draft] = read_file(name=name, data=end.join(["One", "", "Two"]).encode()).drafts
    assert draft.content == "One\n\nTwo"


def test_page_break_separates_words() -> None:
    [draft] = read_file(name="notes.txt", data=b"One\x0cTwo\x0bThree").drafts
    assert draft.content == "One\nTwo\nThree"


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pdf", "a.zip", "a.rtf", "a.odt", "a"])
def test_other_kinds_of_files_are_refused(name: str) -> None:
    reading = read_file(name=name, data=b"PK\x03\x04")
    assert reading.drafts == []
    assert reading.skipped[0].why == "Only Markdown, CSV, HTML and text files can be read."
