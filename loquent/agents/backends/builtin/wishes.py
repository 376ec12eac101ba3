"""Recognizes which action a visitor wants, by its title and description."""

import asyncio
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from loquent.agents.actions.spec import ActionSpec
from loquent.agents.search.embedder import embedder
from loquent.agents.search.indexed import Found
from loquent.agents.search.words import question_terms, terms

if TYPE_CHECKING:
    from loquent.agents.search.embedder import Vectors

MAX_QUESTION = 500
MAX_SENTENCES = 12
# Measured with questions about orders: those that mean the action are above, most others below.
LEAST_MEANING = 0.6
NAMED = 1.0
BY_WORDS = 0.6
# For each word in common, so that the closest of several actions wins.
SHARED = 0.01
# Words in common, also such as "where", that make a message without a question mark a question.
FEW = 3
_SENTENCE = re.compile(r"[^.!?。！？]+[.!?。！？]*")
_NUMBERS = re.compile(r"\S*\d\S*")


async def wished_action(
    question: str, actions: Sequence[ActionSpec], found: Found
) -> ActionSpec | None:
    """Return the action that a visitor's message asks for; None if an entry fits better."""
    if not actions:
        return None
    question = question[:MAX_QUESTION]
    scores = [_by_words(question, spec, found.language or "en") for spec in actions]
    if max(scores) < NAMED and embedder.is_available:
        # Numbers are values.
        plain = _NUMBERS.sub(" ", question)
        scores = await asyncio.to_thread(_meanings, plain, tuple(map(_sentences, actions)))
    score, spec = max(zip(scores, actions, strict=True), key=lambda pair: pair[0])
    if score == NAMED:
        return spec
    best = found.hits[0].score if found.outcome == "answer" and found.hits else 0.0
    return spec if score >= LEAST_MEANING and score >= best and not found.is_verbatim else None


def _by_words(question: str, spec: ActionSpec, language: str) -> float:
    """Return 1 if the message has every word of the title, less if it is about nothing else."""
    said = set(terms(question, language))
    title = set(terms(spec.title, language))
    if title and title <= said:
        return NAMED
    found = question_terms(question, language)
    # Numbers are values.
    asked = {t for t in (*found.strong, *found.weak) if not any(sign.isdigit() for sign in t)}
    known = title | set(terms(spec.description, language))
    is_asked = question.rstrip().endswith(("?", "？", "؟")) or len(said & known) >= FEW
    if not (is_asked and asked and asked <= known and asked & title):
        return 0.0
    return min(BY_WORDS + SHARED * len(said & known), NAMED - SHARED)


def _sentences(spec: ActionSpec) -> tuple[str, ...]:
    found = [each.strip() for each in _SENTENCE.findall(spec.description)]
    return (spec.title, *filter(None, found[:MAX_SENTENCES]))


def _meanings(question: str, texts: tuple[tuple[str, ...], ...]) -> list[float]:
    vector = embedder.encode([question])[0]
    return [min(float((_vectors(each) @ vector).max()), NAMED - SHARED) for each in texts]


@lru_cache(maxsize=256)
def _vectors(texts: tuple[str, ...]) -> "Vectors":
    return embedder.encode(texts)
