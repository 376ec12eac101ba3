"""Text from outside, made fit for the database and for JSON. Pure."""

import re
import unicodedata

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f]")
_LONE_SURROGATES = re.compile(r"[\ud800-\udfff]")


def clean_text(text: str) -> str:
    """The text without C0 controls (but line feeds and tabs); lone surrogates become U+FFFD.

    PostgreSQL refuses NUL, and neither it nor UTF-8 can hold half a surrogate pair.
    """
    return _LONE_SURROGATES.sub("\ufffd", _CONTROLS.sub("", text))


def unix_lines(text: str) -> str:
    """The text with line feeds alone: forms of browsers, and files of Windows, have CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_blank(text: str) -> bool:
    """Whether nothing of the text can be seen: only spaces and invisible format characters."""
    return all(c.isspace() or unicodedata.category(c) == "Cf" for c in text)
