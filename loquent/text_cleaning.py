"""Cleans text that arrives in pieces. Pure; loquent.text is for whole texts."""

import re

from loquent.text import clean_text

_SUSPECT = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class TextCleaner:
    """Cleans as loquent.text does, and joins the halves of surrogate pairs before.

    JSON may carry the halves as two escapes in two pieces. Feeding a text in any pieces gives
    the same as feeding it whole.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """The clean form of what can be told so far; may be empty."""
        if self._held:
            text, self._held = self._held + text, ""
        if _SUSPECT.search(text) is None:
            return text
        # Controls go first: what stands on both sides of one must not depend on where it was cut.
        text = _CONTROL.sub("", text)
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._held = text[:-1], text[-1]
        return clean_text(_PAIR.sub(_join, text))

    def finish(self) -> str:
        """What was held back; nothing comes after it."""
        held, self._held = self._held, ""
        return clean_text(held)


def _join(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")
