"""Files whose content begins otherwise than their names promise: titles, JSON and web pages."""

import json

import pytest

from loquent.agents.importing.files import PAGE_AS_TABLE, read_file
from loquent.agents.importing.records import BROKEN, INCOMPLETE, NO_ENTRIES
from loquent.agents.importing.tables import ABOVE

ROWS = OPEN, SHIP = ("Open?", "Nine to six"), ("Ship?", "Yes, daily")
LINES = (
    '{"question": "Open?", "answer": "Nine to six"}\n{"question": "Ship?", "answer": "Yes, daily"}'
)


def read(text: str, name: str = "faq.csv") -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    reading = read_file(name=name, data=text.encode("utf-8", "surrogatepass"))
    drafts = [(draft.title, draft.content) for draft in reading.drafts]
    return drafts, [(part.what, part.why) for part in reading.skipped]


@pytest.mark.parametrize(
    "above",
    [
        "Frequently asked questions\n",
        "Frequently asked questions, 2026\n",
        "FAQ; as of May\n",
        "FAQ;;\n\n;;\n",
        '"Questions, answers\nand more"\n',
        "Our shop\nFrequently asked questions\n\n",
        "sep=;\nFAQ\n",
        "\ufeffFAQ\n",
    ],
)
@pytest.mark.parametrize(
    "names", ["question{0}answer", "Frage{0}Antwort", "Q{0}A", "Title:{0}Text"]
)
def test_title_above_the_column_names_is_no_entry(above: str, names: str) -> None:
    for delimiter in ";,\t|" if "sep" not in above and ";" not in above else ";":
        rows = "\n".join(f'{a}{delimiter}"{b}"' for a, b in ROWS)
        drafts, skipped = read(f"{above}{names.format(delimiter)}\n{rows}\n")
        assert drafts == [OPEN, SHIP]
        assert all(why == ABOVE for _, why in skipped)


def test_row_above_the_column_names_is_not_lost_without_a_word() -> None:
    assert read("Exported;2026-01-01\nFAQ;;\nFrage;Antwort;Link\nOpen?;Nine to six;\n") == (
        [OPEN], [("faq.csv, row 1", ABOVE)],
    )  # fmt: skip


def test_title_above_a_table_without_column_names_does_not_hide_its_delimiter() -> None:
    drafts, skipped = read("Our questions\nOpen?;Nine, to six\nShip?;Yes\n")
    assert drafts == [("Open?", "Nine, to six"), ("Ship?", "Yes")]
    assert skipped == [("faq.csv, row 1", "It is empty.")]


@pytest.mark.parametrize(
    "names",
    ["FAQ question;FAQ answer", "Question text:;Answer text:", "Frage (DE);Antwort (DE)",
     "question_1;answer_1", "faqQuestion;faqAnswer", "Question_en*;Answer_en*"],
)  # fmt: skip
def test_column_names_with_additions_are_found(names: str) -> None:
    rows = "\n".join(f"Shop;{a};{b}" for a, b in ROWS)
    assert read(f"Category;{names}\n{rows}") == ([OPEN, SHIP], [])


@pytest.mark.parametrize(
    "text",
    [
        "1;Open?;Nine to six\n2;Ship?;Yes, daily\n",
        '"Open?", "Nine to six"\n"Ship?", "Yes, daily"\n',
        'question, answer\n"Open?", "Nine to six"\n"Ship?", "Yes, daily"\n',
        "| Frage | Antwort |\n|:---|---:|\n| Open? | Nine to six |\n| Ship? | Yes, daily |\n",
    ],
)
def test_tables_written_by_hand_are_read(text: str) -> None:
    assert read(text) == ([OPEN, SHIP], [])


def test_numbers_in_a_table_of_two_columns_are_its_titles() -> None:
    assert read("2024;We opened.\n2025;We moved.") == (
        [("2024", "We opened."), ("2025", "We moved.")], [],
    )  # fmt: skip


@pytest.mark.parametrize("name", ["faq.csv", "faq.tsv", "faq.txt", "faq.md"])
@pytest.mark.parametrize(
    "text",
    [
        LINES,
        f"{LINES}\n\n",
        "[" + LINES.replace("\n", ",\n") + "]",
        json.dumps(
            [{"id": 1, "title": "Open?", "text": "Nine to six"}, {"name": "Ship?", "body": SHIP[1]}]
        ),
        json.dumps({"faqs": [{"Q": a, "A": b} for a, b in ROWS], "page": 1}, indent=2),
        json.dumps([{"part": n, "list": [{"q": a, "a": b}]} for n, (a, b) in enumerate(ROWS)]),
        json.dumps({"tags": [], "data": {"all": [{"Frage": a, "Antwort": [b]} for a, b in ROWS]}}),
    ],
)  # fmt: skip
def test_objects_of_json_are_entries_whatever_the_name(name: str, text: str) -> None:
    assert read(text, name) == ([OPEN, SHIP], [])


def test_fields_of_json_are_read_as_cells_are() -> None:
    reading = read_file(
        name="faq.csv",
        data=json.dumps(
            [
                {"question": "Open?", "answer": "Nine\r\nto\u0000 six \ud800", "url": "https://a.test/"},
                {"question": 7, "answer": 8, "url": "javascript:x"},
                {"question": "Ship?", "answer": None},
                {"question": "Ship?"},
                ["Ship?"],
            ]
        ).encode(),
    )  # fmt: skip
    assert [(draft.title, draft.content, draft.url) for draft in reading.drafts] == [
        ("Open?", "Nine\nto six \ufffd", "https://a.test/"),
        ("7", "8", ""),
    ]
    assert [(part.what[-1], part.why) for part in reading.skipped] == [
        ("3", "It is empty."), ("4", INCOMPLETE), ("5", INCOMPLETE),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("faq.txt", '{"a": 1, "b": {"c": []}}', NO_ENTRIES),
        ("faq.csv", '["a", "b"]', NO_ENTRIES),
        ("faq.csv", "[]", NO_ENTRIES),
        ("faq.md", '[{"x": 1}]', NO_ENTRIES),
        ("faq.csv", '[{"question": "a", "answer": "b"},]', BROKEN),
        ("faq.tsv", '{"question": "a",\n"answer": "b"', BROKEN),
        ("faq.csv", "<!DOCTYPE html><html><body>Log in</body></html>", PAGE_AS_TABLE),
        ("faq.csv", "<table><tr><td>Frage</td><td>Antwort</td></tr></table>", PAGE_AS_TABLE),
        ("faq.csv", '<?xml version="1.0"?>\n<Workbook xmlns="x"></Workbook>', PAGE_AS_TABLE),
        ("faq.csv", '<?xml version="1.0"?>\n<html xmlns="x"><body>a</body></html>', PAGE_AS_TABLE),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(name: str, text: str, why: str) -> None:
    assert read(text, name) == ([], [(name, why)])
    assert "Save it as CSV" in why or "save it as CSV" in why


def test_page_with_the_name_of_a_text_is_read_as_a_page() -> None:
    page = "<!doctype html><html><body><nav>Menu</nav><h1>Hours</h1><p>Nine</p></body></html>"
    assert read(page, "page.txt") == ([("Hours", "# Hours\n\nNine")], [])


@pytest.mark.parametrize(
    "text",
    [
        "[1] See [2]",
        "{name} is what you write",
        "[ ] to do\n[x] done",
        '{"a": 1} is an object.',
        "{{ greeting }}",
        "<b>bold</b> text",
        "[link](https://a.test)",
    ],
)
def test_text_that_only_begins_like_json_is_a_text(text: str) -> None:
    assert read(text, "note.md") == ([("note", text)], [])


def test_deeply_nested_json_is_refused() -> None:
    drafts, skipped = read("[" * 100_000, "faq.csv")
    assert drafts == []
    assert skipped
