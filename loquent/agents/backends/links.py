"""Take the links out of an answer that the model was not given. Pure.

Models invent plausible addresses. One that stands nowhere in what the model was given becomes code
without its scheme, which nothing turns into a link again.
"""

import re
from collections.abc import Iterable

# The same for what is given and for what is answered, so that both end at the same character.
_URL = r"(?:https?:/{1,2}|www\.)[^\s<>\"`()\[\]{}«»“”「」。，、！？；：（）]{1,2048}"
_EMAIL = r"(?<![\w.+%-])[\w.+%-]{1,64}@[^\W_](?:[\w-]{0,62}\.){1,8}[\w-]{1,63}"
_ADDRESS = re.compile(rf"{_URL}|{_EMAIL}", re.IGNORECASE)
_ASCII = re.compile(r"[!-~]+")
# Where a markdown link or image leads to: `](address` or `](<address`.
_TARGET = re.compile(r"\](\(\s{0,8}<?)([^\s()<>\[\]]{1,2048})")
_SCHEME = re.compile(r"https?:/{1,2}", re.IGNORECASE)
_WWW = re.compile(r"(?:https?:/{1,2})?(?:www\.)?", re.IGNORECASE)
_TRAILING = ".,;:!?*_~'|\\"
# What makes a word without spaces around it wait until it is whole.
_OPENING = re.compile(r"https?:|www\.|@|\]\(", re.IGNORECASE)
_OPEN_TARGET = re.compile(r"\]\(\s{0,8}<?\S{0,2048}\Z")
_MAX_HELD = 2_048


class GivenAddresses:
    """The addresses of the texts that a model was given."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._text = "\n".join(texts)
        self._known = {found[0].rstrip(_TRAILING) for found in _ADDRESS.finditer(self._text)}

    def clean(self, text: str, ticks: int = 1) -> str:
        """Return a text outside of code without links to addresses that were not given.

        `ticks`: how many backticks turn an address into code; see `Piece`.
        """
        return _ADDRESS.sub(
            lambda found: self._address(found, "`" * ticks), _TARGET.sub(self._target, text)
        )

    def clean_code(self, text: str) -> str:
        """Return a span of code in which addresses that were not given have no scheme."""
        return _ADDRESS.sub(
            lambda found: found[0] if self._is_known(found[0]) else _WWW.sub("", found[0], count=1),
            text,
        )

    def _is_known(self, address: str) -> bool:
        return address.rstrip(_TRAILING) in self._known

    def _target(self, found: re.Match[str]) -> str:
        scheme, _, rest = found[2].partition(":")
        if scheme.lower() == "tel":
            is_known = bool(rest) and rest in self._text
        else:
            is_known = self._is_known(rest if scheme.lower() == "mailto" else found[2])
        # With a space between them, the brackets are no link.
        return found[0] if is_known else f"] {found[1]}{found[2]}"

    def _address(self, found: re.Match[str], quote: str) -> str:
        address = found[0].rstrip(_TRAILING)
        if address in self._known:
            return found[0]
        # Languages without spaces continue right after the address.
        start = _ASCII.match(address)
        if start and start[0].rstrip(_TRAILING) in self._known:
            return f"{start[0]} {found[0][start.end() :]}"
        # Backticks next to each other would be one run.
        before = " " if found.string[found.start() - 1 : found.start()] == "`" else ""
        rest = found[0][len(address) :] or found.string[found.end() : found.end() + 1]
        after = " " if rest.startswith("`") else ""
        code = f"{before}{quote}{_SCHEME.sub('', address, count=1)}{quote}{after}"
        return f"{code}{found[0][len(address) :]}"


class LinkFilter:
    """Cleans the text of an answer that arrives in pieces."""

    def __init__(self, given: GivenAddresses) -> None:
        self._given = given
        self._held = ""
        self._ticks = 1
        self._last = ""

    def feed(self, text: str, ticks: int) -> str:
        """Return the text whose last word can't be half an address."""
        # Where shorter backticks stop to open code stands one, which no address contains.
        before = self.flush(text[:1]) if ticks != self._ticks else ""
        self._ticks = ticks
        self._held += text
        sure = max(len(self._held) - open_length(self._held), len(self._held) - _MAX_HELD)
        return before + self._clean(sure)

    def flush(self, after: str = "") -> str:
        """Return what is held back; `after` is what follows it."""
        return self._clean(len(self._held), after)

    def code(self, text: str) -> str:
        """Return a span of code, before which everything has been flushed."""
        self._last = text[-1:]
        return self._given.clean_code(text)

    def _clean(self, length: int, after: str = "") -> str:
        text, self._held = self._held[:length], self._held[length:]
        shown = self._given.clean(text, self._ticks)
        if not shown:
            return ""
        if self._last == "`" and shown[0] == "`" != text[0]:
            shown = f" {shown}"
        if after[:1] == "`" == shown[-1] != text[-1]:
            shown = f"{shown} "
        self._last = shown[-1]
        return shown


def open_length(text: str) -> int:
    """Return how many characters at the end of a text may still become part of an address."""
    tail = text[-_MAX_HELD:]
    target = _OPEN_TARGET.search(tail)
    length = len(tail) - target.start() if target else 0
    word = tail[len(tail.rstrip(_ASCII_CHARACTERS)) :]
    if not tail[-1:].isspace():
        last = tail.split()[-1:]
        if last and _OPENING.search(last[0]):
            word = last[0]
    return max(length, len(word))


_ASCII_CHARACTERS = "".join(map(chr, range(0x21, 0x7F)))
