"""Our reading of origins against that of browsers: a parser of the WHATWG URL standard."""

import ada_url
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from widgets.origins import (
    OriginError,
    is_origin_allowed,
    normalize_origin_entry,
    parse_origin,
)

pytestmark = pytest.mark.promise(11)

hosts = st.one_of(
    st.from_regex(r"[a-zA-Z0-9._-]{1,20}", fullmatch=True),
    st.from_regex(r"\[[0-9a-fA-F:.]{2,20}\]", fullmatch=True),
    st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,4}", fullmatch=True),
    st.text(max_size=12),
)
origins = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["http://", "https://", "HTTPS://", "https:", "https:/", "//", "ftp://", ""]),
    hosts,
    st.sampled_from(["", ":", ":443", ":80", ":0", ":65535", ":65536", ":8443", ":a"]),
    st.sampled_from(["", "/", "\\", "?", "#", "@evil.test", "/path", "\t", "\n", "%2e"]),
)


def browser_origin(text: str) -> str | None:
    """The origin that a browser would send for a page of this address."""
    try:
        origin: str = ada_url.URL(text).origin
    except ValueError:
        return None
    return None if origin == "null" else origin


@given(origins | st.text(max_size=40))
@example("https://evil.com\\@example.com")
@example("https://0x7f.1")
@example("https://[::1]:443")
@settings(max_examples=600)
def test_accepted_origins_are_origins_to_a_browser(text: str) -> None:
    ours = parse_origin(text)
    if ours is not None:
        assert browser_origin(text) == ours


@given(origins)
@example("Example.com/")
@example("bücher.example")
@settings(max_examples=600)
def test_entry_allows_pages_of_its_own_address(text: str) -> None:
    try:
        entry = normalize_origin_entry(text)
    except OriginError:
        return
    if "*" in entry:
        return
    origin = browser_origin(entry)
    assert origin == entry
    assert is_origin_allowed(origin, [entry])


@given(origins, origins)
@settings(max_examples=600)
def test_entry_allows_only_pages_of_its_address(text: str, page: str) -> None:
    try:
        entry = normalize_origin_entry(text)
    except OriginError:
        return
    origin = browser_origin(page)
    if origin is not None and "*" not in entry:
        assert is_origin_allowed(origin, [entry]) == (origin == entry)
