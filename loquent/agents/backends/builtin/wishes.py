"""Recognizes which action a visitor wants, by its title and description."""

import asyncio
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from loquent.agents.actions.spec import ActionSpec
from loquent.agents.backends.builtin.known_wishes import in_english
from loquent.agents.search.courtesy import without_courtesy
from loquent.agents.search.embedder import embedder
from loquent.agents.search.indexed import Found
from loquent.agents.search.words import question_terms, terms

if TYPE_CHECKING:
    from loquent.agents.search.embedder import Vectors

MAX_QUESTION = 500
MAX_SENTENCES = 12
# Measured with questions about orders: those that mean the action are above.
LEAST_MEANING = 0.55
# A title that is this close to one of `GENERAL` is about the same; above the titles of presets.
SAME_SUBJECT = 0.53
# Questions about orders that no single order answers. In English: the encoder knows no languages.
GENERAL = (
    "How do I place an order?",
    "Can I order by phone or email?",
    "Can I order without an account?",
    "Do you accept orders from companies?",
    "Can I order this as a gift?",
    "Can I combine two orders?",
    "What happens after I place an order?",
    "Is there a minimum order value?",
    "Can I pick up my order in the shop?",
    "How can I pay for my order?",
    "Is my order insured?",
    "Will I get a confirmation of my order?",
    "Can I return my order?",
    "How do I send a parcel back?",
    "Who delivers the parcels?",
    "Where do you deliver to?",
    "How much does delivery cost?",
    "How long does delivery take?",
)
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
    """Return the action that a visitor's message asks for; None if an entry fits better.

    By meaning, a general question is close to an action with the same words: "Can I order by
    phone?" to "Where is my order?". It is no wish if it is closer to one of `GENERAL`, and has
    words that the action does not have.
    """
    if not actions:
        return None
    question = in_english(without_courtesy(question[:MAX_QUESTION]))
    words = scores = [_by_words(question, spec, found.language or "en") for spec in actions]
    general = 0.0
    if max(scores) < NAMED and embedder.is_available:
        # Numbers are values.
        plain = _NUMBERS.sub(" ", question)
        texts = tuple(map(_sentences, actions))
        scores, general = await asyncio.to_thread(_meanings, plain, texts)
    at = max(range(len(actions)), key=scores.__getitem__)
    score, spec = scores[at], actions[at]
    least = LEAST_MEANING if words[at] >= BY_WORDS else max(LEAST_MEANING, general)
    if score == NAMED:
        return spec
    best = found.hits[0].score if found.outcome == "answer" and found.hits else 0.0
    return spec if score >= least and score >= best and not found.is_verbatim else None


def _by_words(question: str, spec: ActionSpec, language: str) -> float:
    """Return 1 if the message has the words of the title, less if it is about nothing else.

    Less than BY_WORDS: it has the only word of the title, such as "Returns", and others. That may
    also be a question to the knowledge.
    """
    said = set(terms(question, language))
    title = set(terms(spec.title, language))
    found = question_terms(question, language)
    # Numbers are values.
    asked = {t for t in (*found.strong, *found.weak) if not any(sign.isdigit() for sign in t)}
    known = title | set(terms(spec.description, language))
    of_title = question_terms(spec.title, language)
    telling = {*of_title.strong, *of_title.weak}
    if len(telling) > 1 and telling <= said:
        return NAMED
    if title and title <= said:
        return NAMED if asked <= known else BY_WORDS - SHARED
    is_asked = question.rstrip().endswith(("?", "？", "؟")) or len(said & known) >= FEW
    if not (is_asked and asked and asked <= known and asked & title):
        return 0.0
    return min(BY_WORDS + SHARED * len(said & known), NAMED - SHARED)


def _sentences(spec: ActionSpec) -> tuple[str, ...]:
    found = [each.strip() for each in _SENTENCE.findall(spec.description)]
    return (spec.title, *filter(None, found[:MAX_SENTENCES]))


def _meanings(question: str, texts: tuple[tuple[str, ...], ...]) -> tuple[list[float], float]:
    """Return how close a question is to each action, and to a general question about none."""
    vector = embedder.encode([question])[0]
    scores = [min(float((_vectors(each) @ vector).max()), NAMED - SHARED) for each in texts]
    general = _vectors(GENERAL)
    # The first text of an action is its title.
    of_titles = [general @ _vectors(each)[0] for each in texts]
    others = [
        float(closeness)
        for number, closeness in enumerate(general @ vector)
        if all(float(to_title[number]) < SAME_SUBJECT for to_title in of_titles)
    ]
    return scores, max(others, default=0.0)


@lru_cache(maxsize=256)
def _vectors(texts: tuple[str, ...]) -> "Vectors":
    return embedder.encode(texts)
