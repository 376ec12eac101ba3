"""What a visitor's browser says of the page that they are on, made fit to keep. Pure.

It is untrusted to the last letter: a page can say whatever it likes.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loquent.agents.types import VisitorPage
from loquent.text import clean_text

MAX_TITLE = 300
MAX_DEPTH = 6
# JavaScript knows no larger whole numbers, and a database writes out every digit of an exponent.
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
    """The page of a decoded frame; raises ValueError with a sentence that says what is wrong."""
    url = clean_address(_text(data, "url"))
    if not url:
        raise ValueError("A page needs its url, an absolute http or https address.")
    context = data.get("context")
    if context is not None and not isinstance(context, dict):
        raise ValueError("context is an object.")
    return VisitorPage(
        url=url,
        title=" ".join(clean_text(_text(data, "title")).split())[:MAX_TITLE].rstrip(),
        # A visitor may come from anywhere, such as an app: that is not the page's fault.
        referrer=clean_address(_text(data, "referrer")),
        context=_clean(context or {}, MAX_DEPTH),
    )


def clean_address(text: str) -> str:
    """An http or https address without its fragment and user-info; empty for anything else."""
    found = _ADDRESS.fullmatch(_UNSAFE.sub("", clean_text(text)))
    if found is None:
        return ""
    return f"{found['scheme'].lower()}://{found['host']}{found['port'] or ''}{found['rest']}"


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text.")  # noqa: TRY004 - one kind of error for callers
    return value


def _clean(value: Any, depth: int) -> Any:
    """A JSON value whose texts, keys among them, any database can hold."""
    if isinstance(value, str):
        return clean_text(value)
    # Infinity, which JSON writes as 1e999, is none either.
    if isinstance(value, int | float) and not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise ValueError("A number in context is too large.")
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        raise ValueError(f"context has at most {MAX_DEPTH} levels.")
    if isinstance(value, list):
        return [_clean(item, depth - 1) for item in value]
    return {clean_text(name): _clean(item, depth - 1) for name, item in value.items()}
