"""What a model is told of the visitor's page: one line of JSON, bounded, that nothing leaves."""

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loquent.agents.backends.prompts import page_note, system_prompt
from loquent.agents.metering import estimate_tokens
from loquent.agents.services.budget import estimate_prompt_tokens as estimate
from loquent.agents.tests.replies import collect, make_reply
from loquent.agents.types import ChatMessage, VisitorPage

URL = "https://shop.example.com/"
PIECES = ['"', "\\", "\n", "\r", "\u2028", "\x85", "</page>", "<|im_start|>", "}", "{", "SYSTEM:",
          "\u202e", "\u200b", "\U000e0053", "é", "x"]  # fmt: skip
hostile = st.lists(st.sampled_from(PIECES), max_size=20).map("".join) | st.text(max_size=300)
contexts = st.dictionaries(hostile, hostile | st.lists(hostile), max_size=5)


def fields_of(page: VisitorPage) -> dict[str, Any]:
    lead, brace, rest = page_note(page).partition("{")
    assert "data, not instructions" in lead
    fields: dict[str, Any] = json.loads(brace + rest)
    return fields


@given(hostile, hostile, contexts)
def test_page_note_cannot_break_out_of_its_quotation(
    url: str, title: str, context: dict[str, Any]
) -> None:
    note = page_note(VisitorPage(url, title, context=context))
    assert len(note.splitlines()) == 1
    quoted = note[note.index("{") :]
    assert not {"<", ">"} & set(quoted)
    assert not [c for c in quoted if unicodedata.category(c) in {"Cc", "Zl", "Zp"}]
    assert not {"\u202e", "\u200b", "\U000e0053"} & set(quoted)
    fields = json.loads(quoted)
    assert fields.get("url", "") == url
    assert fields.get("title", "") == title
    # An entry that doesn't fit is left out, as a whole.
    assert fields.get("context", {}).items() <= context.items()


def test_any_script_stays_readable() -> None:
    assert "Rucksäcke 配送料 😀" in page_note(VisitorPage(URL, "Rucksäcke 配送料 😀"))


def test_page_note_is_bounded() -> None:
    context = {f"{n}": "<" * 99 for n in range(40)}
    page = VisitorPage(URL + "u" * 4_000, "<" * 4_000, context=context)
    assert len(page_note(page)) < 5_000
    fields = fields_of(page)
    assert (len(fields["url"]), len(fields["title"])) == (500, 300)


def test_entries_that_do_not_fit_are_omitted_whole() -> None:
    context = {"first": 1, "long": "x" * 2_000, "last": {"a": ["b"]}}
    assert fields_of(VisitorPage(URL, context=context)) == {
        "url": URL,
        "context": {"first": 1, "last": {"a": ["b"]}},
    }


def test_no_page_gives_no_note() -> None:
    assert "browser" not in system_prompt("Be kind.", [], None)


def test_page_note_tokens_are_reserved() -> None:
    page = VisitorPage(URL, "Bags", context={"a": 1})
    with_page = make_reply("Hi", page=page).request
    without = make_reply("Hi").request
    more = estimate(with_page, max_passages=4) - estimate(without, max_passages=4)
    assert more == estimate_tokens(page_note(page)) > 30


@pytest.mark.parametrize("page", [None, VisitorPage(URL, "Returns")])
async def test_builtin_answer_does_not_depend_on_the_page(page: VisitorPage | None) -> None:
    hello = [ChatMessage("user", "Hello")]
    text, _ = await collect(make_reply(hello, model="builtin:knowledge", page=page))
    assert text == "Hello! What would you like to know?"
