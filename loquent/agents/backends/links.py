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
_TARGET = re.compile(r"\](\(\s{0,8}<?)([^\s)>]{1,2048})")
_SCHEME = re.compile(r"https?:/{1,2}", re.IGNORECASE)
_WWW = re.compile(r"(?:https?:/{1,2})?(?:www\.)?", re.IGNORECASE)
_TRAILING = ".,;:!?*_~'|\\"
# What makes a word without spaces around it wait until it is whole.
_OPENING = re.compile(r"https?:|www\.|@|\]\(", re.IGNORECASE)
_OPEN_TARGET = re.compile(r"\]\(\s{0,8}<?\S{0,2048}\Z")
MAX_HELD = 2_048


class GivenAddresses:
    """The addresses of the texts that a model was given."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._text = "\n".join(texts)
        self._known = {found[0].rstrip(_TRAILING) for found in _ADDRESS.finditer(self._text)}

    def clean(self, text: str) -> str:
        """Return a text outside of code without links to addresses that were not given."""
        return _ADDRESS.sub(self._address, _TARGET.sub(self._target, text))

    def clean_code(self, text: str) -> str:
        """Return code that may turn out to be text, as its backtick is never closed."""
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

    def _address(self, found: re.Match[str]) -> str:
        address = found[0].rstrip(_TRAILING)
        if address in self._known:
            return found[0]
        # Languages without spaces continue right after the address.
        start = _ASCII.match(address)
        if start and start[0].rstrip(_TRAILING) in self._known:
            return f"{start[0]} {found[0][start.end() :]}"
        return f"`{_SCHEME.sub('', address, count=1)}`{found[0][len(address) :]}"


def open_length(text: str) -> int:
    """Return how many characters at the end of a text may still become part of an address."""
    tail = text[-MAX_HELD:]
    target = _OPEN_TARGET.search(tail)
    length = len(tail) - target.start() if target else 0
    word = tail[len(tail.rstrip(_ASCII_CHARACTERS)) :]
    if not tail[-1:].isspace():
        last = tail.split()[-1:]
        if last and _OPENING.search(last[0]):
            word = last[0]
    return max(length, len(word))


_ASCII_CHARACTERS = "".join(map(chr, range(0x21, 0x7F)))
