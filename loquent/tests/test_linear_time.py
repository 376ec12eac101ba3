"""Whatever text a stranger sends, the work that it makes is in proportion to its length.

The table has every pure function that reads such a text before its length is bounded, or whose
bound is thousands of characters. Adding one to the product means adding it here. Web pages have a
table of their own below: their parser knows no text that is not markup. Files are read in a process
that has a time limit.
"""

import contextlib
import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from contacts.normalization import normalize_email, normalize_name, normalize_phone
from loquent.agents.admin.requests import draft_messages
from loquent.agents.backends.builtin.backend import pieces, shorten
from loquent.agents.backends.links import GivenAddresses
from loquent.agents.backends.markers import MarkReader
from loquent.agents.backends.openai_chat.reader import AnswerReader
from loquent.agents.backends.prompts import page_note, system_prompt
from loquent.agents.crawling.robots import RobotRules, sitemap_addresses
from loquent.agents.importing.documents import read_document
from loquent.agents.importing.webpage import read_web_page
from loquent.agents.metering import TokenMeter
from loquent.agents.search.courtesy import small_talk, without_courtesy
from loquent.agents.search.index import Hit
from loquent.agents.search.passages import split_passages
from loquent.agents.search.typos import Vocabulary
from loquent.agents.search.words import question_terms
from loquent.agents.types import Source, VisitorPage
from loquent.errors import ApplicationError
from loquent.organizations.admin.spreadsheets import to_csv
from loquent.organizations.services.organizations import staff_username
from loquent.rest.filters import MomentField
from loquent.retry_after import parse_retry_after
from loquent.server.addresses import client_address
from loquent.server.cookies import parse_cookies
from loquent.telemetry.correlation import choose_request_id
from loquent.telemetry.logs import JsonFormatter, RedactingFormatter, redact
from loquent.testing.growth import COUNTED, superlinear
from loquent.text import (
    TextCleaner,
    clean_text,
    indent_lines,
    is_blank,
    normalize_unicode,
    one_line,
    unix_lines,
)
from widgets.admin.page_html import page_link
from widgets.bundle import load_bundle
from widgets.chat.handshake import is_same_host, read_handshake, staff_session_key
from widgets.chat.protocol import FrameError, parse_client_frame
from widgets.identifiers import is_widget_id
from widgets.origins import normalize_origin_entry, parse_origin
from widgets.services.transcripts import record_text
from widgets.visitor_page import clean_address, read_page

pytestmark = pytest.mark.exhaustive

REFUSALS = (ValueError, FrameError, ApplicationError, ValidationError)
BUNDLE = load_bundle()
KNOWN = Vocabulary(["shipping", "returns", "warranty"])


def frame(kind: str, **fields: object) -> str:
    return json.dumps({"type": kind, **fields}, ensure_ascii=False)


def parse(raw: str) -> object:
    # No limit of characters: each step must be linear by itself.
    return parse_client_frame(raw, v2=True, message_chars=0)


def scope(*, query: str = "", **headers: str) -> dict[str, Any]:
    return {
        "headers": [
            (name.replace("_", "-").encode(), value.encode("latin-1", "replace"))
            for name, value in headers.items()
        ],
        "query_string": query.encode("ascii", "replace"),
        "subprotocols": [headers.get("protocol", "")],
        "client": ("203.0.113.7", 1),
    }


def clean_in_pieces(text: str) -> None:
    cleaner = TextCleaner()
    for start in range(0, len(text), 7):
        cleaner.feed(text[start : start + 7])
    cleaner.finish()


def read_marks(text: str) -> None:
    entries = [Source(title="A", url="https://a.example/")]
    reader = MarkReader(entries, GivenAddresses(["https://a.example/"]))
    for start in range(0, len(text), 64):
        reader.feed(text[start : start + 64])
    reader.finish()


def read_answer(body: bytes) -> None:
    reader = AnswerReader(TokenMeter())
    for start in range(0, len(body), 16):
        reader.feed(body[start : start + 16])
        if reader.is_over:
            break
    reader.finish()


def read_stream(text: str) -> None:
    chunk = json.dumps({"choices": [{"delta": {"content": text}}]}, ensure_ascii=False)
    read_answer(f"data: {chunk}\n\ndata: [DONE]\n\n".encode("utf-8", "replace"))


def record_of(text: str) -> dict[str, Any]:
    message = {
        "role": "user", "author": None, "content": text, "status": "complete", "created_at": "now",
        "sources": [{"title": text, "url": text}], "rating": "down", "rating_comment": text,
        "unanswered": None,
    }  # fmt: skip
    return {
        "visitor": text, "widget": {"name": text, "id": ""}, "created_at": "now",
        "page": {"url": text}, "typed": {"name": text}, "messages": [message],
        "survey": {"score": 5, "comment": text},
    }  # fmt: skip


def log_line(formatter: logging.Formatter) -> Callable[[str], object]:
    def format_it(text: str) -> str:
        return formatter.format(logging.LogRecord("x", 20, "", 1, "%s", (text,), None))

    return format_it


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "frame": parse,
    "marks": read_marks,
    "message": lambda text: parse(frame("message", content=text)),
    "contact_info": lambda text: parse(frame("contact_info", name=text, email=text, phone=text)),
    "feedback": lambda text: parse(frame("feedback", message_id="x", rating="up", comment=text)),
    "page": lambda text: read_page({"url": f"https://a.example/{text}", "title": text}),
    "page context": lambda text: read_page({"url": "https://a", "context": {text: [text]}}),
    "address": clean_address,
    "address with a scheme": lambda text: clean_address(f"https://{text}"),
    "page link": lambda text: page_link(f"https://{text}"),
    "clean_text": clean_text,
    "is_blank": is_blank,
    "NFC": lambda text: normalize_unicode("NFC", text),
    "NFKC": lambda text: normalize_unicode("NFKC", text),
    "one_line": one_line,
    "indent_lines": indent_lines,
    "unix_lines": unix_lines,
    "text in pieces": clean_in_pieces,
    "origin": parse_origin,
    "origin with a scheme": lambda text: parse_origin(f"https://{text}"),
    "origin entry": normalize_origin_entry,
    "widget_id": is_widget_id,
    "email": normalize_email,
    "email domain": lambda text: normalize_email(f"a@{text}"),
    "name": normalize_name,
    "phone": lambda text: normalize_phone(text, region="CH"),
    "user name": staff_username,
    "cookies": parse_cookies,
    "quoted cookie": lambda text: parse_cookies(f'a="{text}"'),
    "cookies of a socket": lambda text: staff_session_key(scope(cookie=text)),
    "same host": lambda text: is_same_host(scope(origin=f"https://{text}", host=text)),
    "handshake": lambda text: read_handshake(
        scope(query=text, protocol=text, x_forwarded_for=text, host=text, sec_fetch_site=text),
        "wid_1",
    ),
    "forwarded": lambda text: client_address("203.0.113.7", [text]),
    "request id": lambda text: choose_request_id(text.encode("utf-8", "replace")),
    "Accept-Encoding": BUNDLE.encoded,
    "Accept-Encoding parameters": lambda text: BUNDLE.encoded(f"br;{text}"),
    "moment": MomentField(required=False).to_python,
    "redaction": redact,
    "log line": log_line(RedactingFormatter()),
    "log line as JSON": log_line(JsonFormatter()),
    "question": question_terms,
    "typo": lambda text: (Vocabulary([f"{text}a"]).mend(text), KNOWN.mend(text)),
    "passages": split_passages,
    "small talk": small_talk,
    "courtesy": without_courtesy,
    "pieces": lambda text: list(pieces(shorten(text, len(text) // 2 + 1))),
    "prompt": lambda text: system_prompt(text, [Hit(text, "", text, 1.0, frozenset())]),
    "page note": lambda text: page_note(VisitorPage(text, text, text, {text: text, "a": text})),
    "stream": read_stream,
    "stream of anything": lambda text: read_answer(text.encode("utf-8", "replace")),
    "answer as JSON": lambda text: read_answer(b"{" + text.encode("utf-8", "replace")),
    "Retry-After": parse_retry_after,
    "playground": draft_messages,
    "playground messages": lambda text: draft_messages(
        json.dumps([{"role": "user", "content": text}])
    ),
    "document": lambda text: read_document(text, name="a"),
    "spreadsheet": lambda text: to_csv([[text]]),
    "sitemap": lambda text: sitemap_addresses(
        text.encode("utf-8", "replace"), "https://a.example/"
    ),
    "address in a sitemap": lambda text: sitemap_addresses(
        f"<loc>{text}".encode("utf-8", "replace"), "https://a.example/"
    ),
    "robots.txt": lambda text: RobotRules(f"User-agent: *\nAllow: /{text}", ""),
    "rule of robots.txt": lambda text: RobotRules(f"User-agent: *\nAllow: /*{text}*b", "").allows(
        f"https://a.example/{text}"
    ),
    "transcript": lambda text: record_text(record_of(text)),
}
UNITS = (
    *" \t\n\r\\\"'`<>()[]{}@.,:;=&%#*_~|-+/?!0a",
    *("\u0345\u0334", "\u0f73\u0334", "\uff9e\u0334", "e\u0301", "\u200b", "\u2028", "\x85", "\0"),
    *("😀", "注意", "ä.", "\ud83d", "\u0e00", "ー", "。"),
    *("a ", " a", "\n ", " \n", "\n\n", "a\n", '\\"', "\\a", "\\101", '"a', "a=", "; ", ", ", ": "),
    *("a.", "a@", "a-", "1.", "[1", "%a", "%41", "&a=", "a;q=", "0.0"),
    *("# ", "# #", "```\n", "a,", '",', "</", "< /", "<reference", "> "),
    *("token=", "bearer ", "wst_", "/password-reset/", "/password-reset/a/"),
    *("http://", "data:", "\ndata: a"),
    *('{"a":', '["', "\\u0345", "T", "20-"),
)  # fmt: skip
# What comes before and behind: many patterns take long only over what fits nearly.
ENDS = (("", ""), ("a", "\x7f"), ("# a", "b"), ('"', "\n"), ("<", ">"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_work_is_linear_in_the_length_of_the_text(name: str) -> None:
    def call(text: str) -> None:
        with contextlib.suppress(*REFUSALS):
            FUNCTIONS[name](text)

    # Caches are filled, and modules imported, before anything is counted.
    call("a" * COUNTED)
    call("ä" * COUNTED)
    for unit in UNITS:
        for before, after in ENDS:

            def make(size: int) -> str:
                return f"{before}{unit * (size // len(unit))}{after}"  # noqa: B023

            outgrown = superlinear(call, make)
            assert not outgrown, f"{name} of {make(20)!r}…: {outgrown}"


def test_marks_in_the_worst_order_are_linear() -> None:
    """Two classes of marks, one after the other, are what sorting takes longest over."""
    for first, second in (("\u0345", "\u0334"), ("\u0f73", "\u0334"), ("\uff9e", "\u0334")):

        def make(size: int) -> str:
            return "a" + first * (size // 2) + second * (size // 2)  # noqa: B023

        for name in ("message", "contact_info", "NFC", "NFKC", "name", "user name", "question"):
            assert superlinear(FUNCTIONS[name], make) == "", name


@pytest.mark.parametrize("pattern", ["a*b", "(?=a*b)"])
def test_quadratic_patterns_are_found(pattern: str) -> None:
    search = re.compile(pattern).search
    assert "times as long" in superlinear(search, lambda size: "a" * (size // 4))


def test_quadratic_loops_are_found() -> None:
    def pairs(text: str) -> int:
        found = 0
        for one in text:
            for other in text:
                found += one == other
        return found

    assert "lines of Python" in superlinear(pairs, lambda size: "ab" * (size // 2))


# Before, again and again, and after: deep, flat and unclosed markup, and long runs in one element.
MARKUP = [
    ("", "<div>", ""),
    ("", "<span>a ", "</span>"),
    ("", "<ul><li>a", ""),
    ("", "<table><tr><td>a", ""),
    ("", "<b><i>a</p><p>", ""),
    ("<ol>", "<li>a", "</ol>"),
    ("<table><thead>", "<tr><td>a", ""),
    ("<table>", "<tbody><tr><td>a", ""),
    ("<table><tr>", "<td colspan=9>a", ""),
    ("<main><select>", "<option>a", "</select>"),
    ("", "<p>a</p><script></script>", ""),
    ("", "<nav>", ""),
    ("", "<p hidden>a</p><p>a</p>", ""),
    ("", "<p id=c aria-controls=c>a", ""),
    ("<p>a", " ", "b"),
    ("<p>a", "&#9;", "b"),
    ("<p>a", " <!-- a -->", "b"),
    ("<pre>a", " ", "b"),
    ("<pre>a", "\n", "b"),
    ("<p>", "&amp;", ""),
    ("<p style='", "left: ", "'>a"),
    ("<p ", "a='b' ", ">a"),
    ("<base href='https://a.example/", "a/", "'>" + "<a href=b>a</a>" * 100),
    ("", "<a href='/a?b=c'>a</a> ", ""),
    ("<h1>", "a b ", "</h1>" + "<h2>c</h2><p>d</p>" * 100),
]


@pytest.mark.parametrize(("before", "unit", "after"), MARKUP)
def test_page_is_read_in_linear_time(before: str, unit: str, after: str) -> None:
    def call(text: str) -> None:
        read_web_page(text.encode(), url="https://a.example/")

    def make(size: int) -> str:
        return f"{before}{unit * (size // len(unit))}{after}"

    call(make(COUNTED))
    assert superlinear(call, make) == ""
