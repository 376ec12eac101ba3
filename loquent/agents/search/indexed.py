"""An agent's knowledge as it is searched: by words, and by meaning if there are vectors."""

import logging
import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from loquent.agents.persons import asks_for_person, plain
from loquent.agents.search.background import in_background
from loquent.agents.search.courtesy import without_courtesy
from loquent.agents.search.embedder import Embedder
from loquent.agents.search.embedder import embedder as built_in
from loquent.agents.search.follow_ups import share_of_previous
from loquent.agents.search.index import Hit, KnowledgeIndex
from loquent.agents.search.refusal import (
    Outcome,
    Threshold,
    decide,
    meaning_threshold,
    unanswerable_questions,
    words_threshold,
)
from loquent.agents.search.vectors import add_vectors, vectors_of
from loquent.agents.types import ReplyRequest

if TYPE_CHECKING:
    from loquent.agents.search.embedder import Vectors

logger = logging.getLogger(__name__)
MAX_QUESTION = 2_000
# Up to this many passages are searched by words in less than a millisecond.
FAST_PASSAGES = 1_000
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search: all hits, best first, and the outcome. `language`: the agent's.

    `relevant`: the hits that are good enough to answer from. `is_verbatim`: the first hit is a
    whole entry whose title is the question, so that its text is the answer.
    """

    outcome: Outcome = "none"
    hits: Sequence[Hit] = ()
    threshold: float = 0.0
    language: str = ""
    is_verbatim: bool = False

    @property
    def relevant(self) -> list[Hit]:
        """Return the hits above the threshold."""
        return [hit for hit in self.hits if hit.score >= self.threshold]


@dataclass(slots=True)
class Knowledge:
    """The index of one version of an agent's knowledge, with its thresholds.

    `has_failed`: its vectors could not be computed, so words alone find its entries.
    """

    index: KnowledgeIndex
    threshold: Threshold
    embedder: Embedder = built_in
    has_failed: bool = False

    def search(self, question: str, previous: str = "", limit: int = 10) -> Found:
        """Search for a question, and with the one before it; on a thread if there are vectors."""
        whole, previous = question[:MAX_QUESTION], without_courtesy(previous[:MAX_QUESTION])
        question = without_courtesy(whole)
        asked = [question]
        if self.index.vectors is not None and (mended := self.index.mended(question)) != question:
            asked.append(mended)
        best: list[Hit] = []
        for hits in self._hits(asked, limit):
            if hits and (not best or hits[0].score > best[0].score):
                best = hits
        is_answered = bool(best) and best[0].score >= self.threshold.of(best)
        share = share_of_previous(question, self.index.language, is_answered=is_answered)
        # An entry that was written for this very question is its answer after any other.
        is_title = bool(best) and words_of(best[0].title) in (words_of(whole), words_of(question))
        if previous and share and not is_title:
            [hits] = self._hits([f"{previous} {question}"], limit)
            if hits and (not best or hits[0].score * share > best[0].score):
                best = hits
        threshold = self.threshold.of(best)
        outcome = "person" if asks_for_person(whole) else decide(best, threshold)
        hits = [hit for hit in best if hit.score > 0]
        return Found(outcome, hits, threshold, self.index.language)

    def _hits(self, texts: list[str], limit: int) -> list[list[Hit]]:
        """Return the hits of each text."""
        vectors = None
        if self.index.vectors is not None and any(text.strip() for text in texts):
            vectors = self.embedder.encode_question(texts)
        if vectors is None:
            return [self.index.search(text, limit) for text in texts]
        return [
            self.index.search(text, limit, vector)
            for text, vector in zip(texts, vectors, strict=True)
        ]

    @property
    def is_fast(self) -> bool:
        """Whether a search may run on the event loop."""
        return self.index.vectors is None and len(self.index.passages) <= FAST_PASSAGES


def build_words(request: ReplyRequest) -> Knowledge:
    """Return the knowledge of a request, searchable by words."""
    with in_background():
        index = KnowledgeIndex(request.knowledge, request.language)
        return Knowledge(index, Threshold(words=words_threshold(index)))


def add_meaning(knowledge: Knowledge, embedder: Embedder) -> Knowledge:
    """Return the knowledge with vectors, or without them if they are not available."""
    # A copy: until its vectors and threshold are complete, searches use the one by words.
    index = copy(knowledge.index)
    if not embedder.understands(index.language):
        return knowledge
    try:
        with in_background():
            add_vectors(index, embedder)
            vectors = _unanswerable_vectors(index.language, embedder)
            threshold = meaning_threshold(index, vectors)
    except Exception as error:  # noqa: BLE001 - whatever it is, words go on answering
        # The text could contain parts of the knowledge: only the kind is logged.
        logger.error("Vectors could not be computed: %s", type(error).__name__)  # noqa: TRY400
        return replace(knowledge, has_failed=True)
    return Knowledge(index, Threshold(knowledge.threshold.words, threshold), embedder)


def _unanswerable_vectors(language: str, embedder: Embedder) -> "Vectors":
    import numpy as np  # noqa: PLC0415 - see embedder.py

    questions = unanswerable_questions().get(language, ())
    if not embedder.may_be_slow or not questions:
        return built_in_vectors(language)
    # Stored, because each of them costs.
    found = vectors_of(questions, embedder)
    return np.stack([found[question] for question in questions])


@cache
def built_in_vectors(language: str) -> "Vectors":
    """Return the vectors of a language's unanswerable questions."""
    return built_in.encode(unanswerable_questions().get(language, ()))


def words_of(text: str) -> str:
    """Return the words of a text, whatever their case, accents and punctuation."""
    return " ".join(_WORD.findall(plain(text)))
