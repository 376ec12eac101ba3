"""Parse the `Cookie` header in linear time.

Python's own parser, which Django uses, takes quadratic time for backslashes in a quoted value
before 3.11.10 and 3.12.6 (CVE-2024-7592): 50 KB of them occupy a CPU core for seconds.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest

from loquent.server.middleware import AroundMiddleware, Finish

_ESCAPE = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))")


class CookieMiddleware(AroundMiddleware):
    """Parses the request's cookies before Django does."""

    @contextmanager
    def around(self, request: HttpRequest) -> Iterator[Finish]:
        request.COOKIES = parse_cookies(request.META.get("HTTP_COOKIE", ""))
        yield lambda response: response


def parse_cookies(header: str) -> dict[str, str]:
    """Return the cookies of a header; for duplicate names the last one, as Django does."""
    cookies: dict[str, str] = {}
    for pair in header.split(";"):
        name, equals, value = pair.partition("=")
        if not equals:
            # Browsers send a cookie without a name as its value alone.
            name, value = "", pair
        name, value = name.strip(), value.strip()
        if name or value:
            cookies[name] = _unquote(value)
    return cookies


def _unquote(value: str) -> str:
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    return _ESCAPE.sub(_character, value[1:-1])


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 8)) if escape[1] else escape[2]
