"""Patterns that owners enter for values, limited to those that match in bounded time. Pure."""

import re
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

MAX_PATTERN = 200
# The longest text of an argument, and so of what a pattern is matched against.
MAX_TEXT = 500
# The most ways in which repetitions may share a text.
MAX_WAYS = 20_000_000
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_REFUSED = (
    _constants.GROUPREF,
    _constants.GROUPREF_EXISTS,
    _constants.ASSERT,
    _constants.ASSERT_NOT,
)


class PatternError(ValueError):
    """The pattern can't be used; the text is a sentence for staff."""


def check_pattern(pattern: str) -> None:
    """Raise PatternError for a pattern that is invalid, or that could take very long to match."""
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"Use a pattern of at most {MAX_PATTERN} characters.")
    try:
        re.compile(pattern)
        ways = _ways(_parser.parse(pattern))
    except (re.error, RecursionError, OverflowError):
        raise PatternError("This pattern is not a valid regular expression.") from None
    if ways > MAX_WAYS:
        raise PatternError("This pattern is too complex. Use fewer + and *, and none inside ( )+.")


def matches(pattern: str, text: str) -> bool:
    """Return whether the whole text matches."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _ways(tokens: Any) -> int:
    """Return in how many ways the repetitions may share a text, at most."""
    ways = 1
    for kind, value in tokens:
        if kind in _REFUSED:
            raise PatternError("Patterns can't use look-around or references.")
        if kind in _REPEATS:
            least, most, body = value
            choices = min(int(most), MAX_TEXT) - int(least) + 1
            below = _ways(body)
            if below > 1 and int(most) > 1:
                raise PatternError(
                    "This pattern is too complex. Use fewer + and *, and none inside ( )+."
                )
            ways *= max(choices, 1) * below
        elif kind is _constants.SUBPATTERN:
            ways *= _ways(value[-1])
        elif kind is _constants.ATOMIC_GROUP:
            ways *= _ways(value)
        elif kind is _constants.BRANCH:
            total = sum(_ways(branch) for branch in value[1])
            ways *= max(total, 1)
    return ways
