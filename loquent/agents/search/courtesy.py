"""Recognize greetings, thanks, farewells and "Are you a robot?", alone or around a question. Pure.

A greeting before a question changes its meaning for the encoder: "Good evening, do you deliver to
London?" is less like an entry about delivery than the question without it. The phrases are in
courtesy.json, by language, separated by "|"; `with` has the words that don't make a message small
talk by themselves ("ok", "for your help").
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from loquent.agents.persons import plain

KINDS = ("hello", "welcome", "bye", "robot")
MAX_SMALL_TALK = 100
# No more phrases are cut off each end than people write.
MOST_PHRASES = 3
# Without punctuation, courtesy is cut off a question of at least this many words.
FEW = 3
_WORD = re.compile(r"[^\W_]+(?:[^\s.,;:!?…()\"'’«»“”„،؟।、。，！？¡¿~/-]*)")
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")


class _Phrases(NamedTuple):
    """What each phrase is, by its words; the words around them; and the parts of other scripts."""

    kinds: Mapping[tuple[str, ...], str]
    filling: frozenset[str]
    longest: int
    unspaced: re.Pattern[str]
    unspaced_filling: re.Pattern[str]


def without_courtesy(message: str) -> str:
    """Return the message without a greeting before it and thanks after it.

    The whole message, if nothing else is in it.
    """
    phrases = _phrases()
    rest = _cut_unspaced(message, phrases)
    words = list(_WORD.finditer(rest))
    said = [plain(word[0]) for word in words]
    first, last = 0, len(words)
    for _ in range(MOST_PHRASES):
        first += _length_at(said[first : first + phrases.longest], phrases, ("hello",))
    for _ in range(MOST_PHRASES):
        behind = said[max(first, last - phrases.longest) : last]
        last -= _length_at(behind, phrases, ("welcome", "bye"), -1)
    if first >= last:
        return message if not words else rest
    if first and not _is_apart(rest[words[first - 1].end() : words[first].start()], last - first):
        first = 0
    if last < len(words) and not _is_apart(
        rest[words[last - 1].end() : words[last].start()], last - first
    ):
        last = len(words)
    start = words[first].start() if first else 0
    return rest[start : words[last].start()] if last < len(words) else rest[start:]


def small_talk(message: str) -> str | None:
    """Return which reply mere courtesy, or "Are you a robot?", gets; None for other messages."""
    if len(message) > MAX_SMALL_TALK:
        return None
    phrases = _phrases()
    found: set[str] = set()

    def note(match: re.Match[str]) -> str:
        found.add(phrases.kinds[(plain(match[0]),)])
        return " "

    rest = phrases.unspaced.sub(note, message)
    if found:
        rest = phrases.unspaced_filling.sub(" ", rest)
    said = [plain(word[0]) for word in _WORD.finditer(rest)]
    place = 0
    while place < len(said):
        ahead = said[place : place + phrases.longest]
        if length := _length_at(ahead, phrases, KINDS):
            found.add(phrases.kinds[tuple(ahead[:length])])
        elif said[place] not in phrases.filling:
            return None
        place += length or 1
    return next((kind for kind in reversed(KINDS) if kind in found), None)


def _is_apart(gap: str, words: int) -> bool:
    """Return whether courtesy is no part of the rest: "Hi, fees?", not "Hi-fi" or "Halo lamp"."""
    return gap != "-" and (words >= FEW or gap.strip(" ") != "")


def _length_at(
    said: list[str], phrases: _Phrases, kinds: tuple[str, ...], direction: int = 1
) -> int:
    """Return how many words the longest phrase at the start (or end: -1) of the words has."""
    for length in range(len(said), 0, -1):
        words = said[:length] if direction > 0 else said[-length:]
        if phrases.kinds.get(tuple(words)) in kinds:
            return length
    return 0


def _cut_unspaced(message: str, phrases: _Phrases) -> str:
    if _UNSPACED.search(message) is None:
        return message
    rest = message.strip()
    for _ in range(MOST_PHRASES):
        start = phrases.unspaced.match(rest)
        if start is not None:
            rest = rest[start.end() :].lstrip(" 、。，！!,~\n")
    return rest or message


@cache
def _phrases() -> _Phrases:
    languages: dict[str, dict[str, str]] = json.loads(
        Path(__file__).with_suffix(".json").read_text("utf-8")
    )
    kinds: dict[tuple[str, ...], str] = {}
    filling: set[str] = set()
    unspaced: set[str] = set()
    unspaced_filling: set[str] = set()
    for texts in languages.values():
        for kind in KINDS:
            for phrase in texts[kind].split("|"):
                words = tuple(plain(word[0]) for word in _WORD.finditer(phrase))
                kinds.setdefault(words, kind)
                if _UNSPACED.search(phrase):
                    kinds.setdefault((plain(phrase),), kind)
                    unspaced.add(phrase)
        for word in texts["with"].split():
            filling.update(plain(part[0]) for part in _WORD.finditer(word))
            if _UNSPACED.search(word):
                unspaced_filling.add(word)
    longest = max(map(len, kinds))
    return _Phrases(
        kinds, frozenset(filling), longest, _any_of(unspaced), _any_of(unspaced_filling)
    )


def _any_of(phrases: set[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(phrases, key=len, reverse=True))))
