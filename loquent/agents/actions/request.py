"""Build the request of an HTTP action: values never change where it goes. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from loquent.agents.actions.arguments import ArgumentError
from loquent.agents.actions.spec import ActionSpec
from loquent.egress.urls import EgressRules, UnsafeUrlError, check_url

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WITHOUT_BODY = frozenset({"GET", "DELETE"})
PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,63})\}")
# A segment that means another folder to a server that decodes the path before it routes.
_SEGMENTS = re.compile(r"[/\\]")
_SAFE = "/:?#[]@!$&'()*+,;=%~"


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request without secrets: what a dry run shows. `body` is JSON, or None."""

    method: str
    url: str
    body: str | None = None


def placeholders(url: str) -> list[str]:
    """Return the names in braces of an address."""
    return PLACEHOLDER.findall(url)


def check_template(url: str, rules: EgressRules) -> None:
    """Raise UnsafeUrlError unless the address may be called, whatever the placeholders become."""
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    if "{" in authority or "}" in authority or "{" in url.partition("://")[0]:
        raise UnsafeUrlError("Use { } only behind the host, in the path or behind the ?.")
    plain = PLACEHOLDER.sub("x", url)
    if "{" in plain or "}" in plain:
        raise UnsafeUrlError("Write placeholders as {name}, with the name of a parameter.")
    check_url(plain, rules)


def prepare(spec: ActionSpec, values: Mapping[str, Any]) -> PreparedRequest:
    """Return the request; raise ArgumentError for a value that can't stand in the path."""
    path_length = len(re.split(r"[?#]", spec.url, maxsplit=1)[0])
    used: set[str] = set()

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        used.add(name)
        value = as_text(values[name]) if name in values else ""
        if found.start() < path_length:
            _check_segment(name, value)
        return quote(value, safe="")

    url = PLACEHOLDER.sub(fill, spec.url)
    # The owner's own part, with what is not ASCII encoded.
    url = quote(url, safe=_SAFE) if not url.isascii() else url
    rest = {name: value for name, value in values.items() if name not in used}
    if spec.method not in WITHOUT_BODY:
        body = json.dumps(rest, ensure_ascii=False) if rest else None
        return PreparedRequest(spec.method, url, body)
    if rest:
        pairs = "&".join(
            f"{quote(name, safe='')}={quote(as_text(value), safe='')}"
            for name, value in rest.items()
        )
        url += ("&" if urlsplit(url).query else "" if url.endswith("?") else "?") + pairs
    return PreparedRequest(spec.method, url)


def as_text(value: object) -> str:
    """Return a value as it stands in an address."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _check_segment(name: str, value: str) -> None:
    if not value:
        raise ArgumentError(name, "This value is required.")
    if any(part in {".", ".."} for part in _SEGMENTS.split(value)):
        raise ArgumentError(name, "The value does not have the expected format.")
