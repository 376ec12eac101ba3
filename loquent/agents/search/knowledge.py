"""Searches an agent's knowledge; builds its index on threads and keeps it in memory."""

import asyncio
import logging
import re
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from cachetools import LRUCache

from loquent.agents.persons import asks_for_person, plain
from loquent.agents.search.background import in_background
from loquent.agents.search.embedder import Embedder, embedder_for
from loquent.agents.search.embedder import embedder as built_in
from loquent.agents.search.follow_ups import share_of_previous, topic_of
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
from loquent.agents.types import ChatMessage, Passage, ReplyRequest

if TYPE_CHECKING:
    from loquent.agents.search.embedder import Vectors

logger = logging.getLogger(__name__)
# More than the largest knowledge.
CACHED_CHARS = 12_000_000
# How long after a change replies wait for the new index; then the old one is used, or words alone.
WAIT_SECONDS = 1.0
# The index of more takes longer, so that replies would wait in vain.
AWAITED_CHARS = 250_000
MAX_QUESTION = 2_000
# Up to this many passages are searched by words in less than a millisecond.
FAST_PASSAGES = 1_000
# An entry of up to this length whose title is the question is given whole.
WHOLE_CHARS = 4_000
MAX_TITLE = 200
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
    """The index of one version of an agent's knowledge, with its thresholds."""

    index: KnowledgeIndex
    threshold: Threshold
    embedder: Embedder = built_in

    def search(self, question: str, previous: str = "", limit: int = 10) -> Found:
        """Search for a question, and with the one before it; on a thread if there are vectors."""
        question, previous = question[:MAX_QUESTION], previous[:MAX_QUESTION]
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
        is_title = bool(best) and _words_of(best[0].title) == _words_of(question)
        if previous and share and not is_title:
            [hits] = self._hits([f"{previous} {question}"], limit)
            if hits and (not best or hits[0].score * share > best[0].score):
                best = hits
        threshold = self.threshold.of(best)
        outcome = "person" if asks_for_person(question) else decide(best, threshold)
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


@dataclass(slots=True)
class _Slot:
    """The indexes of one agent in this process: the newest version may still be in progress.

    `words`: searchable by words; `whole`: by meaning, too. `old`: the version before.
    """

    version: str
    size: int
    words: "Future[Knowledge]"
    whole: "Future[Knowledge]"
    old: Knowledge | None
    began: float = field(default_factory=time.monotonic)

    @property
    def ready(self) -> Knowledge | None:
        """Return the whole index, or the best one available until it is built."""
        for future in (self.whole, self.words):
            if future.done() and future.exception() is None:
                if future is self.words and self.old is not None:
                    break
                return future.result()
        return self.old


_slots: LRUCache[str, _Slot] = LRUCache(CACHED_CHARS, getsizeof=lambda slot: slot.size)
_lock = Lock()
# One thread each: turns that need the same new index build it once, and no core is flooded.
_builder = ThreadPoolExecutor(max_workers=1, thread_name_prefix="loquent-knowledge")
_encoder = ThreadPoolExecutor(max_workers=1, thread_name_prefix="loquent-vectors")
_patient = ThreadPoolExecutor(max_workers=16, thread_name_prefix="loquent-asking")
_askers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="loquent-endpoints")
_searchers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="loquent-search")


async def search_knowledge(request: ReplyRequest, limit: int) -> Found:
    """Return the passages of the agent's knowledge about the visitor's last message.

    A short message is also searched together with the visitor's message before it. Building an
    index and encoding a question run on threads; a search by words in a small index takes less
    than a millisecond and runs at once.
    """
    questions = questions_of(request.messages)
    if not request.knowledge or not questions:
        return search_no_knowledge(questions[-1] if questions else "")
    slot = _slot_of(request)
    if not slot.whole.done() and slot.size <= AWAITED_CHARS:
        # Only questions right after a change wait: an encoder may be slow.
        left = max(0.0, slot.began + WAIT_SECONDS - time.monotonic())
        await asyncio.wait([asyncio.wrap_future(slot.whole)], timeout=left)
    knowledge = slot.ready
    if knowledge is None:
        knowledge = await asyncio.shield(asyncio.wrap_future(slot.words))
    asked = questions[-1], topic_of(questions[:-1], knowledge.index.language)
    if knowledge.is_fast:
        found = knowledge.search(*asked, limit)
    else:
        loop = asyncio.get_running_loop()
        # A slow endpoint must not delay other agents' searches.
        searchers = _patient if knowledge.embedder.may_be_slow else _searchers
        found = await loop.run_in_executor(searchers, knowledge.search, *asked, limit)
    return _with_whole_entry(found, asked[0], request.knowledge)


def _with_whole_entry(found: Found, question: str, entries: Sequence[Passage]) -> Found:
    """Put the entry whose title is the question first, as one hit with its whole text."""
    if found.outcome not in ("answer", "choices"):
        return found
    asked = _words_of(" ".join(question.split())[:MAX_TITLE])
    named = next((hit for hit in found.relevant if asked and _words_of(hit.title) == asked), None)
    if named is None:
        return found
    key = (named.entry, named.title, named.url)
    entry = next((row for row in entries if (row.entry, row.title, row.url) == key), None)
    if entry is None or len(entry.content) > WHOLE_CHARS:
        return found
    whole = replace(named, text=entry.content, heading="")
    others = [hit for hit in found.hits if (hit.entry, hit.title, hit.url) != key]
    return replace(found, outcome="answer", hits=[whole, *others], is_verbatim=True)


def _words_of(text: str) -> str:
    return " ".join(_WORD.findall(plain(text)))


def whole_knowledge(request: ReplyRequest, wait_seconds: float) -> Knowledge | None:
    """Return the agent's knowledge of just this version with its vectors; for threads only.

    None: it has not been indexed within that time.
    """
    try:
        return _slot_of(request).whole.result(wait_seconds)
    except TimeoutError:
        return None


def unsaved_knowledge(request: ReplyRequest) -> Knowledge:
    """Return the knowledge of a request with its vectors, built on this thread and not kept."""
    knowledge = _build(request)
    embedder = embedder_for(request)
    return _add_meaning(knowledge, embedder) if embedder.is_available else knowledge


def unindexed_entries(agent_ids: Iterable[str]) -> frozenset[str]:
    """Return the entries that this process could not index, by their ids; build nothing."""
    with _lock:
        slots = [slot for key in agent_ids if (slot := _slots.get(key)) is not None]
    ready = [knowledge for slot in slots if (knowledge := slot.ready) is not None]
    return frozenset(entry for knowledge in ready for entry in knowledge.index.failed)


def _slot_of(request: ReplyRequest) -> _Slot:
    key, embedder = request.agent_id, embedder_for(request)
    version = f"{request.knowledge_version}/{embedder.model}"
    with _lock:
        slot = _slots.get(key)
        if slot is not None and slot.version == version:
            return slot
        words = _builder.submit(_build, request)
        whole = words
        if embedder.is_available:
            encoder = _askers if embedder.may_be_slow else _encoder
            whole = encoder.submit(lambda: _add_meaning(words.result(), embedder))
        size = sum(len(entry.title) + len(entry.content) for entry in request.knowledge)
        old = slot.ready if slot is not None else None
        slot = _Slot(version, min(size, CACHED_CHARS), words, whole, old)
        _slots[key] = slot
        return slot


def _build(request: ReplyRequest) -> Knowledge:
    with in_background():
        index = KnowledgeIndex(request.knowledge, request.language)
        return Knowledge(index, Threshold(words=words_threshold(index)))


def _add_meaning(knowledge: Knowledge, embedder: Embedder) -> Knowledge:
    """Return the knowledge with vectors, or without them if they are not available."""
    index = knowledge.index
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
        index.vectors = None
        return knowledge
    return Knowledge(index, Threshold(knowledge.threshold.words, threshold), embedder)


def _unanswerable_vectors(language: str, embedder: Embedder) -> "Vectors":
    import numpy as np  # noqa: PLC0415 - see embedder.py

    questions = unanswerable_questions().get(language, ())
    if not embedder.may_be_slow or not questions:
        return _built_in_vectors(language)
    # Stored, because each of them costs.
    found = vectors_of(questions, embedder)
    return np.stack([found[question] for question in questions])


@cache
def _built_in_vectors(language: str) -> "Vectors":
    return built_in.encode(unanswerable_questions().get(language, ()))


def questions_of(messages: Sequence[ChatMessage]) -> list[str]:
    """Return what the visitor wrote, oldest first."""
    return [message.content for message in messages if message.role == "user"]


def search_no_knowledge(question: str) -> Found:
    """Return what an agent without knowledge does with a question."""
    return Found("person" if asks_for_person(question) else "none")
