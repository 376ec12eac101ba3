"""Searches an agent's knowledge; builds its index on threads and keeps it in memory."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Lock

from cachetools import LRUCache

from loquent.agents.persons import asks_for_person
from loquent.agents.search.courtesy import small_talk, without_courtesy
from loquent.agents.search.embedder import Embedder, embedder_for
from loquent.agents.search.follow_ups import topic_of
from loquent.agents.search.indexed import Found, Knowledge, add_meaning, build_words, words_of
from loquent.agents.types import ChatMessage, Passage, ReplyRequest

# More than the largest knowledge.
CACHED_CHARS = 12_000_000
# How long after a change replies wait for the new index; then the old one is used, or words alone.
WAIT_SECONDS = 1.0
# After vectors could not be computed, the first try waits so long, and each further one twice as
# long as the one before.
RETRY_SECONDS = 30.0
MAX_RETRY_SECONDS = 600.0
# The index of more takes longer, so that replies would wait in vain.
AWAITED_CHARS = 250_000
# An entry of up to this length whose title is the question is given whole.
WHOLE_CHARS = 4_000
MAX_TITLE = 200
# How many earlier messages are read for what a short question continues.
EARLIER = 8


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
    retry: "Future[Knowledge] | None" = None
    retry_at: float | None = None
    tries: int = 0

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
    asked = questions[-1], _topic(questions[:-1], knowledge.index.language)
    if knowledge.is_fast:
        found = knowledge.search(*asked, limit)
    else:
        loop = asyncio.get_running_loop()
        # A slow endpoint must not delay other agents' searches.
        searchers = _patient if knowledge.embedder.may_be_slow else _searchers
        found = await loop.run_in_executor(searchers, knowledge.search, *asked, limit)
    return _with_whole_entry(found, asked[0], request.knowledge)


def _topic(earlier: Sequence[str], language: str) -> str:
    """Return what the last of the earlier questions are about; thanks in between are none."""
    asked = [text for text in earlier[-EARLIER:] if small_talk(text) is None]
    return topic_of(list(map(without_courtesy, asked)), language)


def _with_whole_entry(found: Found, question: str, entries: Sequence[Passage]) -> Found:
    """Put the entry whose title is the question first, as one hit with its whole text."""
    if found.outcome not in ("answer", "choices"):
        return found
    cut = (" ".join(text.split())[:MAX_TITLE] for text in (question, without_courtesy(question)))
    asked = {words_of(text) for text in cut} - {""}
    named = next((hit for hit in found.relevant if words_of(hit.title) in asked), None)
    if named is None:
        return found
    key = (named.entry, named.title, named.url)
    entry = next((row for row in entries if (row.entry, row.title, row.url) == key), None)
    if entry is None or len(entry.content) > WHOLE_CHARS:
        return found
    whole = replace(named, text=entry.content, heading="")
    others = [hit for hit in found.hits if (hit.entry, hit.title, hit.url) != key]
    return replace(found, outcome="answer", hits=[whole, *others], is_verbatim=True)


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
    knowledge = build_words(request)
    embedder = embedder_for(request)
    return add_meaning(knowledge, embedder) if embedder.is_available else knowledge


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
            _retry_meaning(slot, embedder)
            return slot
        words = _builder.submit(build_words, request)
        whole = _submit_meaning(words, embedder) if embedder.is_available else words
        size = sum(len(entry.title) + len(entry.content) for entry in request.knowledge)
        old = slot.ready if slot is not None else None
        slot = _Slot(version, min(size, CACHED_CHARS), words, whole, old)
        _slots[key] = slot
        return slot


def _submit_meaning(words: "Future[Knowledge]", embedder: Embedder) -> "Future[Knowledge]":
    encoder = _askers if embedder.may_be_slow else _encoder
    return encoder.submit(lambda: add_meaning(words.result(), embedder))


def _retry_meaning(slot: _Slot, embedder: Embedder) -> None:
    """Compute vectors again that could not be computed, on a thread; replies don't wait for it."""
    if slot.retry is not None and slot.retry.done():
        slot.whole, slot.retry, slot.retry_at = slot.retry, None, None
    is_over = slot.retry is None and slot.whole.done() and slot.whole.exception() is None
    if not is_over or not slot.whole.result().has_failed:
        return
    now = time.monotonic()
    if slot.retry_at is None:
        slot.retry_at = now + min(RETRY_SECONDS * 2**slot.tries, MAX_RETRY_SECONDS)
    if now >= slot.retry_at:
        slot.tries = min(slot.tries + 1, 16)
        slot.retry = _submit_meaning(slot.words, embedder)


def questions_of(messages: Sequence[ChatMessage]) -> list[str]:
    """Return what the visitor wrote, oldest first."""
    return [message.content for message in messages if message.role == "user"]


def search_no_knowledge(question: str) -> Found:
    """Return what an agent without knowledge does with a question."""
    return Found("person" if asks_for_person(question) else "none")
