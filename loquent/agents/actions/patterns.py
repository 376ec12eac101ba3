"""Patterns that owners enter for values. RE2 matches any of them in linear time. Pure."""

from functools import lru_cache
from typing import Any

MAX_PATTERN = 200
# The longest text of an argument, and so of what a pattern is matched against.
MAX_TEXT = 500


class PatternError(ValueError):
    """The pattern can't be used; the text is a sentence for staff."""


def check_pattern(pattern: str) -> None:
    """Raise PatternError for a pattern that is invalid, or that RE2 can't use."""
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"Use a pattern of at most {MAX_PATTERN} characters.")
    import re2  # noqa: PLC0415 - see _compiled

    try:
        _compiled(pattern)
    except re2.error:
        raise PatternError(
            "This pattern is not a valid regular expression, or it uses look-around or references."
        ) from None


def matches(pattern: str, text: str) -> bool:
    """Return whether the whole text matches."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    # 2 MB, which a server without such patterns does not need. Loading takes a few milliseconds.
    import re2  # noqa: PLC0415

    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)
