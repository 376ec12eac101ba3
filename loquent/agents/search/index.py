"""Finds the passages of an agent's knowledge that match a question: BM25, in memory."""

import asyncio
import math
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

from cachetools import LRUCache, cached
from tantivy import (
    Document,
    Filter,
    Index,
    Occur,
    Query,
    SchemaBuilder,
    TextAnalyzerBuilder,
    Tokenizer,
)

from loquent.agents.search.passages import split_passages
from loquent.agents.search.typos import Vocabulary
from loquent.agents.search.words import QuestionTerms, question_terms, terms
from loquent.agents.types import ChatMessage, Passage, ReplyRequest, Source

CACHED_CHARS = 10_000_000
TITLE_BOOST = 1.5
# A passage with less than this part of the best one's score would only dilute the answer.
SCORE_FLOOR = 0.3
MENDED_TERMS = 16  # correcting typos compares many words; a visitor must not make it slow
WRITER_BYTES = 15_000_000  # the least that tantivy accepts


@dataclass(frozen=True, slots=True)
class Hit:
    """A matching passage: the entry's title and link, and the passage's own text.

    `answers`: the terms of the question's subject that it contains.
    """

    title: str
    url: str
    text: str
    score: float
    answers: frozenset[str]


class KnowledgeIndex:
    """All passages of one agent, searchable. Immutable once built."""

    def __init__(self, knowledge: Sequence[Passage]) -> None:
        self._passages = [
            Passage(entry.title, text, entry.url)
            for entry in knowledge
            for text in split_passages(entry.content) or [entry.title]
        ]
        builder = SchemaBuilder()
        for field in ("title", "body"):
            builder.add_text_field(field, tokenizer_name="spaces", index_option="freq")
        builder.add_unsigned_field("number", stored=True)
        self._schema = builder.build()
        index = Index(self._schema)
        # words.terms creates the terms, so that questions and passages agree; here only a split.
        spaces = TextAnalyzerBuilder(Tokenizer.whitespace()).filter(Filter.remove_long(200))
        index.register_tokenizer("spaces", spaces.build())
        writer = index.writer(WRITER_BYTES, 1)
        # Its size in the cache.
        self.weight = sum(len(entry.title) + len(entry.content) for entry in knowledge)
        known: set[str] = set()
        for number, passage in enumerate(self._passages):
            title, body = terms(passage.title), terms(passage.content)
            known.update(title, body)
            writer.add_document(Document(title=" ".join(title), body=" ".join(body), number=number))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._searcher = index.searcher()
        self._vocabulary = Vocabulary(known)

    def search(self, question: str, limit: int) -> list[Hit]:
        """Return at most `limit` passages that are about the question, best first.

        The question is a visitor's: it becomes terms, and is never read as a query language.
        """
        asked = self._known(question_terms(question))
        subject = frozenset(asked.strong or asked.weak)
        if not subject:
            return []
        # One term of three, and never more than three: long questions are mostly circumstance.
        needed = min(3, math.ceil(len(subject) / 3))
        query = self._any_of(subject)
        if asked.strong and asked.weak:
            query = Query.boolean_query(
                [(Occur.Must, query), (Occur.Should, self._any_of(asked.weak))]
            )
        found = self._searcher.search(query, limit=limit * 3)
        hits: list[Hit] = []
        for score, address in found.hits:
            if hits and score < hits[0].score * SCORE_FLOOR:
                break
            passage = self._passages[self._searcher.doc(address)["number"][0]]
            title = subject & set(terms(passage.title))
            answers = title | (subject & set(terms(passage.content)))
            # A word in the title counts twice: it is what the entry is about.
            if len(answers) + len(title) >= needed:
                hits.append(Hit(passage.title, passage.url, passage.content, score, answers))
        return hits[:limit]

    def _known(self, asked: QuestionTerms) -> QuestionTerms:
        """Return the question's terms, misspelt ones replaced if the knowledge has a near word."""
        first, rest = asked.strong[:MENDED_TERMS], asked.strong[MENDED_TERMS:]
        mended = (*(self._vocabulary.mend(term) for term in first), *rest)
        return QuestionTerms(tuple(dict.fromkeys(mended)), asked.weak)

    def _any_of(self, wanted: Iterable[str]) -> Query:
        clauses: list[tuple[Occur, Query]] = []
        for term in wanted:
            title = Query.term_query(self._schema, "title", term, "freq")
            body = Query.term_query(self._schema, "body", term, "freq")
            clauses.append((Occur.Should, Query.boost_query(title, TITLE_BOOST)))
            clauses.append((Occur.Should, body))
        return Query.boolean_query(clauses)


def _cache_key(request: ReplyRequest) -> tuple[str, str]:
    return request.agent_id, request.knowledge_version


_indexes: LRUCache[tuple[str, str], KnowledgeIndex] = LRUCache(
    CACHED_CHARS, getsizeof=lambda index: index.weight
)
_cache_lock = Lock()
# One thread: two turns that need the same new index build it once, and no core is flooded.
_builder = ThreadPoolExecutor(max_workers=1, thread_name_prefix="loquent-knowledge")


@cached(_indexes, key=_cache_key, lock=_cache_lock)
def _build(request: ReplyRequest) -> KnowledgeIndex:
    return KnowledgeIndex(request.knowledge)


async def search_knowledge(request: ReplyRequest, limit: int) -> list[Hit]:
    """Return at most `limit` passages of the agent's knowledge about the visitor's last message.

    If that message names no known subject ("and how long does it take?"), it is read
    together with the visitor's message before it. A search takes under a millisecond and runs
    in the event loop; building an index may take long and runs on a thread.
    """
    if not request.knowledge:
        return []
    with _cache_lock:
        index = _indexes.get(_cache_key(request))
    if index is None:
        index = await asyncio.get_running_loop().run_in_executor(_builder, _build, request)
    questions = questions_of(request.messages)
    if not questions:
        return []
    hits = index.search(questions[-1], limit)
    if not hits and len(questions) > 1 and not question_terms(questions[-1]).strong:
        hits = index.search(f"{questions[-2]} {questions[-1]}", limit)
    return hits


def questions_of(messages: Sequence[ChatMessage]) -> list[str]:
    """Return what the visitor wrote, oldest first."""
    return [message.content for message in messages if message.role == "user"]


def sources_of(hits: Iterable[Hit]) -> tuple[Source, ...]:
    """Return the linked entries behind the passages, each link once, best first."""
    sources: dict[str, Source] = {}
    for hit in hits:
        if hit.url:
            sources.setdefault(hit.url, Source(title=hit.title, url=hit.url))
    return tuple(sources.values())
