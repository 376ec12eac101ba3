"""The entity tags of conditional requests, also if a proxy has changed them on the way."""

import re

from django.utils.http import parse_etags

# Appended by Apache (-gzip, -br), Jetty (--gzip) and others that compress a response.
_CODING = re.compile(r"(?:--?|;)(?:gzip|br|zstd|deflate)\Z")


def known_tags(header: str | None) -> list[str]:
    """Return the tags of If-Match or If-None-Match without quotes; `*` matches any.

    A proxy that compresses makes a tag weak (`W/`) or appends the name of a coding. Our tags
    identify the content, so a weak tag counts as a strong one, and a tag with a coding appended is
    followed by the tag without it.
    """
    found: list[str] = []
    for tag in parse_etags(header or ""):
        opaque = tag.removeprefix("W/").strip('"')
        found += dict.fromkeys([opaque, _CODING.sub("", opaque)])
    return found
