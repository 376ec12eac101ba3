"""Cleans text from outside for the database and for JSON. Pure."""

import json
import re
import unicodedata
from typing import Any, Literal

# UAX #15, "Stream-Safe Text Process": no language has more combining marks in a row.
MAX_MARKS = 30
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f]")
_LONE_SURROGATES = re.compile(r"[\ud800-\udfff]")
_CONTROL_OR_SURROGATE = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]")
# What begins a tag, ends a line, can't be seen, or is no character; JSON itself escapes quotes and
# controls.
_TELLING = re.compile(
    r"[<>\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    r"\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_SURROGATE_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")

_SPACES = "".join(c for c in map(chr, range(0x3001)) if c.isspace())
# Soft hyphen, zero-width characters, and marks, embeddings and isolates of direction. Other format
# characters are visible (Arabic number signs) or end a flag (tags).
_INVISIBLE = "\xad\u061c\u180e\ufeff" + "".join(
    map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)))
)
_JOINERS = "\u200c\u200d"
_VIRAMA = 9


def _is_mark(character: str) -> bool:
    """Return whether normalizing the character yields combining marks."""
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) != 0


# Finds every run that is too long in a few nanoseconds per character. Beyond U+FFFF a class of
# single characters would be searched one by one, so there it accepts everything.
_MARKS = "".join(filter(_is_mark, map(chr, range(0x300, 0x10000))))
_MARK = f"[{_MARKS}\U00010000-\U0010ffff]"
_POSSIBLE_RUN = re.compile(f"{_MARK}{_MARK}{{{MAX_MARKS}}}")


def clean_text(text: str) -> str:
    """Remove C0 controls except line feeds and tabs; replace lone surrogates by U+FFFD.

    PostgreSQL refuses NUL, and neither it nor UTF-8 can hold half a surrogate pair.
    """
    return _LONE_SURROGATES.sub("\ufffd", _CONTROLS.sub("", text))


def normalize_unicode(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    """Return the normalization form of a text, in time linear in its length.

    Normalizing sorts each run of combining marks in quadratic time, so runs are cut first. This is
    the only place that may call `unicodedata.normalize`.
    """
    return text if text.isascii() else unicodedata.normalize(form, cut_marks(text))


def cut_marks(text: str) -> str:
    """Return the text with each run of combining marks cut after MAX_MARKS marks."""
    if text.isascii() or _POSSIBLE_RUN.search(text) is None:
        return text
    kept: list[str] = []
    run = 0
    for character in text:
        run = run + 1 if _is_mark(character) else 0
        if run <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def one_line(text: str) -> str:
    """Return the text on one line: each line break that Unicode knows becomes a space."""
    return " ".join(filter(None, text.splitlines()))


def indent_lines(text: str, indent: str = "  ") -> str:
    """Return the text with each line indented, so that none looks like a line of its document."""
    return "\n".join(f"{indent}{line}".rstrip() for line in text.splitlines())


def unix_lines(text: str) -> str:
    """Return the text with line feeds only: browsers' forms and Windows files have CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def strip_invisible(text: str) -> str:
    """Return the text without spaces and invisible characters at its ends.

    They are pasted with addresses and names. Within the text they stay: joiners have a meaning in
    Persian words, Indic names and emoji. A joiner after a virama is part of the last letter.
    """
    start = len(text) - len(text.lstrip(_SPACES + _INVISIBLE))
    end = len(text.rstrip(_SPACES + _INVISIBLE))
    if 0 < end < len(text) and text[end] in _JOINERS:
        end += unicodedata.combining(text[end - 1]) == _VIRAMA
    return text[start:end]


def is_blank(text: str) -> bool:
    """Return whether the text is invisible: only spaces and format characters."""
    return all(c.isspace() or unicodedata.category(c) == "Cf" for c in text)


class TextCleaner:
    """Joins the halves of surrogate pairs in text that arrives in pieces, and cleans it.

    JSON may carry the halves as two escapes in two pieces. The result does not
    depend on how the text was cut.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """Return the clean text so far; may be empty."""
        if self._held:
            text, self._held = self._held + text, ""
        if _CONTROL_OR_SURROGATE.search(text) is None:
            return text
        # Remove controls first: the text around one must not depend on where it was cut.
        text = _CONTROLS.sub("", text)
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._held = text[:-1], text[-1]
        return clean_text(_SURROGATE_PAIR.sub(_join_halves, text))

    def finish(self) -> str:
        """Return what was held back, at the end of the text."""
        held, self._held = self._held, ""
        return clean_text(held)


def _join_halves(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def quoted_json(value: dict[str, Any]) -> str:
    """Return JSON for a prompt: nothing in it ends a line, looks like a tag, or is invisible."""
    return _TELLING.sub(_escaped, json.dumps(value, ensure_ascii=False))


def _escaped(sign: re.Match[str]) -> str:
    units = sign[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
