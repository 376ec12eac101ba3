"""Decides whether what was found answers the question, by a threshold measured per agent.

Scores depend on the knowledge: among many entries, something resembles any question. So an index
is asked questions that surely have no answer in it (unanswerable.json), and the threshold is set
where most of them are refused. By words alone, where scores are few and far apart, a usual one
counts for a part.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from loquent.agents.search.index import Hit, KnowledgeIndex

if TYPE_CHECKING:
    from loquent.agents.search.embedder import Vectors

Outcome = Literal["answer", "choices", "none", "person"]
# Found on the question sets of docs/answers.md.
USUAL_WITH_MEANING = 0.20
USUAL_WORDS = 0.18
USUAL_SHARE_WORDS = 0.3
REFUSED_WITH_MEANING = 0.82
REFUSED_WORDS = 0.6
LEAST_WITH_MEANING = 0.08
LEAST_WORDS = 0.15
# If the best hit is this close to the threshold, a close runner-up makes the visitor choose.
UNSURE = 0.12
CLOSE = 0.04
MAX_CHOICES = 3


@dataclass(frozen=True, slots=True)
class Threshold:
    """The minimum score of an answer, by words alone and with vectors."""

    words: float = USUAL_WORDS
    with_meaning: float = USUAL_WITH_MEANING

    def of(self, hits: Sequence[Hit]) -> float:
        """Return the one for the scores of these hits."""
        return self.words if not hits or hits[0].meaning is None else self.with_meaning


def decide(hits: Sequence[Hit], threshold: float) -> Outcome:
    """Return what to do with the hits of a search, best first."""
    if not hits or hits[0].score < threshold:
        return "none"
    best = hits[0]
    others = [hit.score for hit in hits if (hit.entry, hit.title) != (best.entry, best.title)]
    second = others[0] if others else 0.0
    if best.score < threshold + UNSURE and second >= threshold and best.score - second < CLOSE:
        return "choices"
    return "answer"


@cache
def unanswerable_questions() -> dict[str, tuple[str, ...]]:
    """Return questions that no website's knowledge answers, per language."""
    lists = json.loads(Path(__file__).with_name("unanswerable.json").read_text("utf-8"))
    return {language: tuple(questions) for language, questions in lists.items()}


def words_threshold(index: KnowledgeIndex) -> float:
    """Return the minimum score of an answer by words alone."""
    questions = unanswerable_questions().get(index.language, ())
    if not questions:
        return USUAL_WORDS
    measured = _reached([_best(index, q) for q in questions], REFUSED_WORDS)
    mixed = (1 - USUAL_SHARE_WORDS) * measured + USUAL_SHARE_WORDS * USUAL_WORDS
    # Small knowledge resembles nothing, which would let a single word of many pass.
    return max(mixed, LEAST_WORDS)


def meaning_threshold(index: KnowledgeIndex, vectors: "Vectors") -> float:
    """Return the minimum score of an answer with vectors; `vectors`: of unanswerable questions."""
    questions = unanswerable_questions().get(index.language, ())
    if not questions:
        return USUAL_WITH_MEANING
    scores = [_best(index, q, vector) for q, vector in zip(questions, vectors, strict=True)]
    return max(_reached(scores, REFUSED_WITH_MEANING), LEAST_WITH_MEANING)


def _best(index: KnowledgeIndex, question: str, vector: "Vectors | None" = None) -> float:
    hits = index.search(question, 1, vector)
    return hits[0].score if hits else 0.0


def _reached(scores: list[float], share: float) -> float:
    """Return the score below which this share of the questions is."""
    return sorted(scores)[int(share * (len(scores) - 1))]
