"""Recognise that a visitor asks for a person, in the languages of the widget. Pure.

A message asks for a person if it contains a word for one and a way to reach them ("talk to
somebody"), little more than such a word ("human please"), or a phrase that asks for nothing else
("is anyone there", "call me back"). `persons.json` lists the words: beginnings of words per
language and, for scripts without spaces, parts of the text. `weak_ways` are verbs that
people also use for other things ("I want"): they count only beside the person. `phrases` are whole
words, separated by "|". So are those of `hiring`: "Do you need staff?" is about jobs, unless it
also contains a way to reach a person.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from loquent.text import normalize_unicode

# Longer messages are stories; a wish in them is left to the search and to the model.
MAX_WORDS = 40
# A message of so few words needs no verb.
BARE_WORDS = 3
# How many words are between a person and the verb at most.
NEAR = 9
BESIDE = 3

# Of a message with a phrase. Longer ones are about something else, too.
MAX_PHRASE_WORDS = 20

_WORD = re.compile(r"[^\s.,;:!?…()\"«»“”„،؟।]+")
# What has no accent that could be removed. Turks also write "misin" for "mısın".
_ALIKE = str.maketrans("łøđı", "lodi")
# The words of phrases, also the parts of "y a-t-il" and "c'è".
_LETTERS = re.compile(r"[^\W_]+")


def plain(text: str) -> str:
    """Return the text in lower case, without accents and other marks."""
    if text.isascii():
        return text.lower()
    decomposed = normalize_unicode("NFKD", text.casefold())
    kept = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
    return normalize_unicode("NFC", kept).translate(_ALIKE)


@dataclass(frozen=True, slots=True)
class _Language:
    """Beginnings of words, without accents."""

    people: tuple[str, ...]
    ways: tuple[str, ...]
    weak_ways: tuple[str, ...] = ()


def _load(texts: dict[str, dict[str, str]]) -> list[_Language]:
    return [
        _Language(**{name: tuple(plain(words).split()) for name, words in language.items()})
        for language in texts.values()
    ]


_DATA = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
_PHRASES = frozenset(
    tuple(_LETTERS.findall(plain(phrase)))
    for language in _DATA["spaced"].values()
    for phrase in language.pop("phrases").split("|")
)
_HIRING = frozenset(tuple(_LETTERS.findall(plain(p))) for p in _DATA["hiring"].split("|"))
_PHRASE_STARTS = frozenset(phrase[0] for phrase in _PHRASES | _HIRING)
_LONGEST_PHRASE = max(map(len, _PHRASES | _HIRING))
_UNSPACED_PHRASES = tuple(
    plain(phrase)
    for language in _DATA["unspaced"].values()
    for phrase in language.pop("phrases").split("|")
)
_SPACED = _load(_DATA["spaced"])
_UNSPACED = _load(_DATA["unspaced"])
_NOT_ALONE = tuple(_DATA["not_alone"].split())
# "How many people?" asks for none.
_COUNT = frozenset(plain(_DATA["count"]).split())
_FOR = frozenset(_DATA["for"].split())
# Most messages name no person; checking the beginnings of their words is the fastest test.
_HEADS = frozenset(stem[:3] for language in _SPACED for stem in language.people)
_SHORT_HEADS = frozenset(head for head in _HEADS if len(head) < 3)


def asks_for_person(message: str) -> bool:
    """Return whether the visitor's message asks to talk to a person."""
    text = plain(message[:1_000])
    if not text.isascii() and (
        any(
            any(part in text for part in language.people)
            and any(way in text for way in language.ways)
            for language in _UNSPACED
        )
        or any(phrase in text for phrase in _UNSPACED_PHRASES)
    ):
        return True
    if _has_phrase(text, _PHRASES):
        return True
    words = _WORD.findall(text)
    if not any(word[:3] in _HEADS or word[:2] in _SHORT_HEADS for word in words):
        return False
    if len(words) > MAX_WORDS:
        return False
    is_hiring = _has_phrase(text, _HIRING)
    return any(_asks(words, language, only_ways=is_hiring) for language in _SPACED)


def _has_phrase(text: str, phrases: frozenset[tuple[str, ...]]) -> bool:
    words = _LETTERS.findall(text)
    if len(words) > MAX_PHRASE_WORDS:
        return False
    return any(
        tuple(words[place : place + length]) in phrases
        for place, word in enumerate(words)
        if word in _PHRASE_STARTS
        for length in range(1, _LONGEST_PHRASE + 1)
    )


def _asks(words: list[str], language: _Language, *, only_ways: bool) -> bool:
    named = [place for place, word in enumerate(words) if word.startswith(language.people)]
    for place in named:
        around = words[max(0, place - NEAR) : place] + words[place + 1 : place + NEAR]
        if any(word.startswith(language.ways) for word in around):
            return True
        if only_ways:
            continue
        before = words[max(0, place - BESIDE) : place]
        after = words[place + 1 : place + BESIDE]
        is_beside = any(word.startswith(language.weak_ways) for word in before + after)
        if language.weak_ways and is_beside and _FOR.isdisjoint(before):
            return True
    if only_ways or any(word in _COUNT or word.isdecimal() for word in words):
        return False
    return len(words) <= BARE_WORDS and any(
        not words[place].startswith(_NOT_ALONE) for place in named
    )
