"""Splits compound words into words that the agent's own knowledge contains. Pure."""

from collections.abc import Iterable

from loquent.agents.search.words import raw_words, stem

LANGUAGES = frozenset({"de", "nl", "sv", "da", "nb", "fi"})
SHORTEST = 4
# What joins two words: Zeit-, Lieferung-s-, Karte-n-, Kind-er-.
_JOINTS = ("", "s", "es", "n", "en", "er", "e")
# Compounds longer than this are left whole, so that the work stays small.
LONGEST = 40


class Compounds:
    """The words of some knowledge, to be found inside longer ones."""

    def __init__(self, texts: Iterable[str], language: str) -> None:
        self._language = language
        self._words: set[str] = set()
        self._parts: dict[str, tuple[str, ...]] = {}
        if language not in LANGUAGES:
            return
        for text in texts:
            self._words.update(raw_words(text, language))
        self._words = {word for word in self._words if len(word) >= SHORTEST and word.isalpha()}
        # A word that is known in another form only: "Lawinen" for "Lawinenkurs".
        self._stems = {term for word in self._words for term in stem([word], language)}

    def parts(self, text: str) -> list[str]:
        """Return the terms of the known words inside the compounds of a text."""
        if not self._words:
            return []
        return [part for word in raw_words(text, self._language) for part in self._split(word)]

    def _split(self, word: str) -> tuple[str, ...]:
        if not 2 * SHORTEST <= len(word) <= LONGEST or not word.isalpha():
            return ()
        if (known := self._parts.get(word)) is None:
            known = self._find(word)
            if word in self._words:
                self._parts[word] = known
        return known

    def _find(self, word: str) -> tuple[str, ...]:
        found: list[str] = []
        for cut in range(SHORTEST, len(word) - SHORTEST + 1):
            first, second = word[:cut], word[cut:]
            head = next((h for j in _JOINTS if (h := self._known(first, j))), "")
            tail = self._known(second, "")
            if head and tail:
                return (head, tail)
            if head and not found:
                found = [head]
            elif tail and not found:
                found = [tail]
        return tuple(found)

    def _known(self, part: str, joint: str) -> str:
        """Return the term of a part, without its joint, if the knowledge has it."""
        if joint:
            if not part.endswith(joint):
                return ""
            part = part[: -len(joint)]
        if len(part) < SHORTEST:
            return ""
        term = stem([part], self._language)
        return term[0] if term and (part in self._words or term[0] in self._stems) else ""
