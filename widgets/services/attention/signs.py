"""Recognise what a visitor's message says about the conversation, in the widget's languages. Pure.

`words.json` has phrases per language, as beginnings of words, for complaints, for the wish to be
called or sent an offer, for thanks and for greetings. Staff see the result; visitors never do.
"""

import json
import re
from collections import defaultdict
from pathlib import Path

from loquent.agents.persons import asks_for_person, plain
from widgets.types import Sign

# The rest of a longer message is ignored.
MOST_READ = 1_000
# Thanks and greetings are short; a longer message says something else.
MOST_WORDS_OF_THANKS = 6
MOST_WORDS_OF_GREETING = 3
MOST_LETTERS_UNSPACED = 12
UNSPACED = frozenset({"ja", "ko", "th", "zh"})
QUESTION_MARKS = ("?", "？", "؟", ";?")

_WORD = re.compile(r"[^\s.,;:!?…()\"«»“”„،؟।]+")
_EMAIL = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,190}\.\w{2,24}")
_PHONE = re.compile(
    r"(?<![\w.])(?!\d{1,4}[./-]\d{1,2}[./-]\d{2,4})"
    r"(?:[+0][\d/(). -]{7,22}\d|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?!\w)"
)
_DIGITS_OF_PHONE = range(9, 16)

Phrases = dict[str, list[tuple[Sign, str]]]
KINDS = {
    "complaints": Sign.COMPLAINT,
    "wishes": Sign.PERSON,
    "thanks": Sign.THANKS,
    "greetings": Sign.GREETING,
}


def _load() -> tuple[Phrases, list[tuple[Sign, str]], list[str]]:
    """Return the phrases by the first letters of their first word, unspaced ones, exceptions."""
    data = json.loads(Path(__file__).with_name("words.json").read_text("utf-8"))
    spaced: Phrases = defaultdict(list)
    unspaced: list[tuple[Sign, str]] = []
    for kind, sign in KINDS.items():
        for language, phrases in data[kind].items():
            for phrase in plain(phrases).split(", "):
                if language in UNSPACED:
                    unspaced.append((sign, phrase))
                elif (sign, phrase) not in spaced[phrase.split()[0][:3]]:
                    spaced[phrase.split()[0][:3]].append((sign, phrase))
    return dict(spaced), unspaced, plain(data["not_complaints"]).split(", ")


_SPACED, _UNSPACED, _NOT_COMPLAINTS = _load()


def signs_of(message: str) -> Sign:
    """Return the signs of one message, in a few microseconds."""
    message = message[:MOST_READ].replace("’", "'")
    found = _spoken(message)
    if asks_for_person(message):
        found |= Sign.PERSON
    if "@" in message and _EMAIL.search(message):
        found |= Sign.DETAILS
    if any(sum(map(str.isdigit, hit[0])) in _DIGITS_OF_PHONE for hit in _PHONE.finditer(message)):
        found |= Sign.DETAILS
    if not found & (Sign.THANKS | Sign.GREETING):
        found |= Sign.QUESTION
    return found & ~Sign.GREETING


def _spoken(message: str) -> Sign:
    """Return the signs of the phrases in the message."""
    text = plain(message)
    words = _WORD.findall(text)
    line = " ".join(words)
    found = Sign(0)
    start = 0
    for word in words:
        for sign, phrase in _SPACED.get(word[:3], ()):
            if line.startswith(phrase, start) and sign not in found:
                found |= _counted(sign, phrase, line, start, len(words))
        start += len(word) + 1
    if not text.isascii():
        for sign, phrase in _UNSPACED:
            if phrase in text and (sign not in _SHORT or len(line) <= MOST_LETTERS_UNSPACED):
                found |= sign
    is_question = any(mark in message for mark in QUESTION_MARKS)
    if is_question or found & (Sign.COMPLAINT | Sign.PERSON):
        found &= ~_SHORT
    return found


_SHORT = Sign.THANKS | Sign.GREETING


def _counted(sign: Sign, phrase: str, line: str, start: int, words: int) -> Sign:
    """Return the sign if the phrase at this place stands for it, else none."""
    if sign is Sign.COMPLAINT:
        is_excepted = any(line.startswith(other, start) for other in _NOT_COMPLAINTS)
        return Sign(0) if is_excepted else sign
    if sign is Sign.THANKS:
        return sign if words <= MOST_WORDS_OF_THANKS else Sign(0)
    if sign is Sign.GREETING:
        # Whole words at the beginning, and little after them.
        end = start + len(phrase)
        is_whole = end == len(line) or line[end] == " "
        return sign if start == 0 and is_whole and words <= MOST_WORDS_OF_GREETING else Sign(0)
    return sign
