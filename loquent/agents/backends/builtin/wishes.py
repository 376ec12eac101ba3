"""Recognizes which action a visitor wants, by its title and description."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from loquent.agents.actions.spec import ActionSpec
from loquent.agents.search.embedder import embedder
from loquent.agents.search.knowledge import Found
from loquent.agents.search.words import question_terms, terms

if TYPE_CHECKING:
    from loquent.agents.search.embedder import Vectors

MAX_QUESTION = 500
# Measured with questions about orders: those that mean the action are above, others below.
LEAST_MEANING = 0.5
NAMED = 1.0
BY_WORDS = 0.6
# Words in common, also such as "where", that make a message without a question mark a question.
FEW = 3
# An entry that fits so much better than the action answers in its place.
BETTER = 0.25


async def wished_action(
    question: str, actions: Sequence[ActionSpec], found: Found
) -> ActionSpec | None:
    """Return the action that a visitor's message asks for; None if an entry fits better."""
    if not actions:
        return None
    question = question[:MAX_QUESTION]
    scores = [_by_words(question, spec, found.language or "en") for spec in actions]
    if max(scores) < NAMED and embedder.is_available:
        texts = tuple((spec.title, f"{spec.title}. {spec.description}") for spec in actions)
        meanings = await asyncio.to_thread(_meanings, question, texts)
        scores = [max(pair) for pair in zip(scores, meanings, strict=True)]
    score, spec = max(zip(scores, actions, strict=True), key=lambda pair: pair[0])
    if score == NAMED:
        return spec
    best = found.hits[0].score if found.outcome == "answer" and found.hits else 0.0
    if score < LEAST_MEANING or found.is_verbatim or best >= score + BETTER:
        return None
    return spec


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
    return BY_WORDS if is_asked and asked and asked <= known and asked & title else 0.0


def _meanings(question: str, texts: tuple[tuple[str, str], ...]) -> list[float]:
    vector = embedder.encode([question])[0]
    return [float((_vectors(pair) @ vector).max()) for pair in texts]


@lru_cache(maxsize=256)
def _vectors(texts: tuple[str, str]) -> "Vectors":
    return embedder.encode(texts)
