"""What a browser says of its page, before it is kept."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loquent.agents.types import VisitorPage
from widgets.chat.client_frames import PageFrame
from widgets.chat.protocol import FrameError, parse_client_frame
from widgets.visitor_page import MAX_DEPTH, clean_address, read_page

URL = "https://shop.example.com/"


def parse(frame: dict[str, Any]) -> VisitorPage:
    parsed = parse_client_frame(json.dumps(frame), v2=True, message_chars=4_000)
    assert isinstance(parsed, PageFrame)
    return parsed.page


@pytest.mark.parametrize(
    ("given_address", "kept"),
    [
        ("https://shop.example.com", "https://shop.example.com"),
        ("HTTP://Shop.example.com:8080/a?b=c&d", "http://Shop.example.com:8080/a?b=c&d"),
        ("https://shop.example.com/bags#token=secret", "https://shop.example.com/bags"),
        ("https://shop.example.com#secret#more", "https://shop.example.com"),
        ("https://jane:secret@shop.example.com/x@y", "https://shop.example.com/x@y"),
        ("https://secret@evil.test@shop.example.com/", "https://shop.example.com/"),
        ("https://[2001:db8::1]:8443/a", "https://[2001:db8::1]:8443/a"),
        ("https://münchen.example/straße?ü", "https://münchen.example/straße?ü"),
        ("http://localhost:3000/#/cart", "http://localhost:3000/"),
        ("  https://shop.example.com/\x00a\tb\n", "https://shop.example.com/ab"),
        ("https://shop.example.com/\u202egpj.exe", "https://shop.example.com/gpj.exe"),
    ],
)
def test_url_is_stored_without_secrets(given_address: str, kept: str) -> None:
    assert clean_address(given_address) == kept
    assert clean_address(kept) == kept


@pytest.mark.parametrize(
    "address",
    [
        "", "/bags", "//shop.example.com/", "shop.example.com", "javascript:alert(1)",
        "java\nscript:alert(1)", "javascript://shop.example.com/%0aalert(1)", "data:text/html,x",
        "file:///etc/passwd", "about:blank", "blob:https://shop.example.com/1",
        "ftp://shop.example.com/", "https:", "https://", "https:///bags", "https:shop.example.com",
        "https://\\evil.test", "https://evil.test\\@shop.example.com/", "https://?x", "https://@",
        'https://"onclick="x/', "https://<script>/", "https://shop.example.com:port/",
    ],
)  # fmt: skip
def test_other_values_are_not_urls(address: str) -> None:
    assert clean_address(address) == ""
    with pytest.raises(FrameError) as caught:
        parse({"type": "page", "url": address})
    assert caught.value.code == "invalid_frame"


def test_page_can_have_only_a_url() -> None:
    assert parse({"type": "page", "url": URL}) == VisitorPage(URL)
    nothing = {"title": None, "referrer": None, "context": None}
    assert parse({"type": "page", "url": URL, **nothing}) == VisitorPage(URL)


def test_nested_texts_are_cleaned() -> None:
    dirty = "a\x00b\x1b[0m\ud800\nc"
    page = parse(
        {
            "type": "page", "url": URL, "title": f" {dirty}\u2028 d ", "referrer": f"{URL}#x",
            "context": {dirty: [{"deep": [dirty, 1, 0.5, True, None]}]},
        }
    )  # fmt: skip
    clean = "ab[0m\ufffd\nc"
    assert (page.title, page.referrer) == ("ab[0m\ufffd c d", URL)
    assert page.context == {clean: [{"deep": [clean, 1, 0.5, True, None]}]}


def test_a_long_title_is_cut() -> None:
    assert parse({"type": "page", "url": URL, "title": "x" * 400}).title == "x" * 300


@pytest.mark.parametrize("referrer", ["", "android-app://com.example", "javascript:alert(1)"])
def test_invalid_referrer_is_dropped(referrer: str) -> None:
    assert parse({"type": "page", "url": URL, "referrer": referrer}) == VisitorPage(URL)


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def test_maximum_nesting_is_accepted() -> None:
    page = parse({"type": "page", "url": URL, "context": nested(MAX_DEPTH)})
    assert page.context == nested(MAX_DEPTH)


@pytest.mark.parametrize(
    "fields",
    [
        {"url": None},
        {"url": 7},
        {"url": [URL]},
        {"title": {}},
        {"referrer": True},
        {"context": []},
        {"context": "x"},
        {"context": nested(MAX_DEPTH + 1)},
        {"context": {"a": math.nan}},
        {"context": {"a": [math.inf]}},
        {"context": {"a": 2**53 + 1}},
        {"context": {"a": -1e300}},
        {"title": "é" * 2_030},
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_oversized_page_is_an_invalid_frame(fields: dict[str, Any]) -> None:
    raw = json.dumps({"type": "page", "url": URL, **fields}, ensure_ascii=False)
    with pytest.raises(FrameError) as caught:
        parse_client_frame(raw, v2=True, message_chars=4_000)
    assert caught.value.code == "invalid_frame"


def test_overflowing_number_is_refused() -> None:
    raw = f'{{"type": "page", "url": "{URL}", "context": {{"a": 1e999}}}}'
    with pytest.raises(FrameError):
        parse_client_frame(raw, v2=True, message_chars=4_000)


def test_the_frame_has_4096_bytes_at_most() -> None:
    empty = json.dumps({"type": "page", "url": URL, "context": {"a": ""}})
    room = 4_096 - len(empty)
    for text, fits in (("x" * room, True), ("x" * (room + 1), False), ("é" * room, False)):
        raw = empty.replace('""', f'"{text}"')
        if fits:
            parse_client_frame(raw, v2=True, message_chars=4_000)
        else:
            with pytest.raises(FrameError, match="4096 bytes"):
                parse_client_frame(raw, v2=True, message_chars=4_000)


@given(st.text() | st.from_regex(r"https?://.*", fullmatch=True))
def test_stored_urls_are_always_http(text: str) -> None:
    kept = clean_address(text)
    assert kept == "" or kept.startswith(("http://", "https://"))
    assert clean_address(kept) == kept
    assert not {"#", "\x00", "\n"} & set(kept)
    kept.encode("utf-8")


@given(
    st.dictionaries(
        st.sampled_from(["url", "title", "referrer", "context", "type"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=10,
        ),
    )
)
def test_any_page_is_storable_or_refused(data: dict[str, Any]) -> None:
    try:
        page = read_page({"url": URL, **data})
    except ValueError:
        return
    kept = json.dumps([page.url, page.title, page.referrer, page.context], allow_nan=False)
    assert "\\u0000" not in kept
    assert "\\ud800" not in json.dumps(json.loads(kept))
