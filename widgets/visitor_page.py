"""Validate what a visitor's browser reports about its page. Pure.

All of it is untrusted: a page can report anything.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loquent.agents.types import VisitorPage
from loquent.text import clean_text

MAX_TITLE = 300
MAX_DEPTH = 6
# JavaScript has no larger exact integers, and a database writes out every digit of an exponent.
MAX_NUMBER = 2**53
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?:[^/?#\\\s]*@)?"
    r"(?P<host>[\w.-]+|\[[0-9a-f:.]+\])(?P<port>:[0-9]{0,5})?"
    r"(?P<rest>(?:[/?][^#]*)?)(?:\#.*)?",
    re.IGNORECASE,
)
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


# The columns of a session that hold the page, in the order of `stored_page`.
PAGE_COLUMNS = ("page_url", "page_title", "page_referrer", "page_context", "page_at")


def stored_page(
    url: str, title: str, referrer: str, context: Mapping[str, Any], at: datetime | None
) -> VisitorPage | None:
    """Return the page of a session's columns; None if the browser never sent one."""
    return None if at is None else VisitorPage(url, title, referrer, context, at)


def read_page(data: Mapping[str, Any]) -> VisitorPage:
    """Return the page of a decoded frame; raise ValueError with a sentence for the client."""
    url = clean_address(_text(data, "url"))
    if not url:
        raise ValueError("A page needs a url, which must be an absolute http or https address.")
    context = data.get("context")
    if context is not None and not isinstance(context, dict):
        raise ValueError("context is an object.")
    return VisitorPage(
        url=url,
        title=" ".join(clean_text(_text(data, "title")).split())[:MAX_TITLE].rstrip(),
        # A referrer may be anything, such as an app: ignore it instead of refusing the page.
        referrer=clean_address(_text(data, "referrer")),
        context=_clean(context or {}, MAX_DEPTH),
    )


def clean_address(text: str) -> str:
    """Return an http or https address without fragment and user info; empty for anything else."""
    found = _ADDRESS.fullmatch(_UNSAFE.sub("", clean_text(text)))
    if found is None:
        return ""
    return f"{found['scheme'].lower()}://{found['host']}{found['port'] or ''}{found['rest']}"


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string.")  # noqa: TRY004 - one kind of error for callers
    return value


def _clean(value: Any, depth: int) -> Any:
    """Return a JSON value whose texts, including keys, any database can store."""
    if isinstance(value, str):
        return clean_text(value)
    # Infinity, which JSON writes as 1e999, is rejected as well.
    if isinstance(value, int | float) and not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise ValueError("A number in context is too large.")
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        raise ValueError(f"context has at most {MAX_DEPTH} levels.")
    if isinstance(value, list):
        return [_clean(item, depth - 1) for item in value]
    return {clean_text(name): _clean(item, depth - 1) for name, item in value.items()}
