"""Finds the passages of an agent's knowledge that fit a question, by words and by meaning."""

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from loquent.agents.search.compounds import Compounds
from loquent.agents.search.languages import detect_language
from loquent.agents.search.passages import Section, split_sections
from loquent.agents.search.typos import Vocabulary
from loquent.agents.search.words import question_terms, raw_words, terms
from loquent.agents.types import Passage, Retrieved, Source

if TYPE_CHECKING:
    from tantivy import Schema, Searcher

    from loquent.agents.search.embedder import Vectors

logger = logging.getLogger(__name__)
TITLE_BOOST = 1.5
MENDED_TERMS = 16  # correcting typos compares many words; a visitor must not make it slow
WRITER_BYTES = 15_000_000  # the least that tantivy accepts
CANDIDATES = 48
WORDS_WEIGHT = 0.4
MEANING_WEIGHT = 0.6
# What a term counts for: a word that fits any subject, one in the text alone, a part number.
WEAK = 0.3
IN_TEXT = 0.7
CODE = 4.0
MENDED = 0.7
# Long messages are mostly circumstance: beyond this many terms, the rest counts less.
SUBJECT_TERMS = 4
CIRCUMSTANCE = 0.25


@dataclass(frozen=True, slots=True)
class Hit:
    """A matching passage: the entry's title and link, and the passage's own text.

    `score`, `words`, `meaning`: 0 to 1; `meaning` None without vectors. `answers`: the terms of
    the question that stand in it. `entry`: the entry's id, "" if it has none. `heading`: the
    headings above the passage.
    """

    title: str
    url: str
    text: str
    score: float
    answers: frozenset[str] = frozenset()
    entry: str = ""
    words: float = 0.0
    meaning: float | None = None
    heading: str = ""


class _Asked(NamedTuple):
    """The terms of a question: what each weighs, which tell its subject, and what all weigh."""

    weights: dict[str, float]
    proof: frozenset[str]
    total: float


def passages_of(entry: Passage) -> list[Passage]:
    """Return the passages of an entry, as an index has them."""
    sections = split_sections(entry.content, entry.title) or [Section("", entry.title)]
    return [
        Passage(entry.title, section.text, entry.url, entry.entry, section.heading)
        for section in sections
    ]


class KnowledgeIndex:
    """All passages of one agent, searchable. Immutable once built, but for its vectors."""

    def __init__(self, knowledge: Sequence[Passage], language: str = "") -> None:
        text = "\n".join(f"{entry.title} {entry.content[:500]}" for entry in knowledge[:200])
        self.language = language or detect_language(text) or "en"
        # The ids of entries that could not be indexed: the others are found nevertheless.
        self.failed: dict[str, None] = {}
        self.passages = [passage for entry in knowledge for passage in self._passages_of(entry)]
        # What it takes of the cache.
        self.weight = sum(len(entry.title) + len(entry.content) for entry in knowledge)
        # Set once, by a thread, when they have been computed.
        self.vectors: Vectors | None = None
        self._compounds = Compounds(
            (f"{passage.title} {passage.content}" for passage in self.passages), self.language
        )
        self._titles: list[frozenset[str]] = []
        self._bodies: list[frozenset[str]] = []
        self._schema, self._searcher = self._build()

    def _passages_of(self, entry: Passage) -> list[Passage]:
        try:
            return passages_of(entry)
        except Exception as error:  # noqa: BLE001 - one entry must not silence all others
            self._note_failed(entry.entry, error)
            return []

    def _note_failed(self, entry: str, error: Exception) -> None:
        # The text of the error could contain parts of the knowledge: only the kind is logged.
        if entry not in self.failed:
            logger.error("Knowledge entry %s can't be indexed: %s", entry, type(error).__name__)
        self.failed[entry] = None

    def _build(self) -> "tuple[Schema, Searcher]":
        import tantivy  # noqa: PLC0415 - see words.py

        builder = tantivy.SchemaBuilder()
        for field in ("title", "body"):
            builder.add_text_field(field, tokenizer_name="spaces", index_option="freq")
        builder.add_unsigned_field("number", stored=True)
        schema = builder.build()
        index = tantivy.Index(schema)
        # Terms are made by words.terms, so that questions and passages agree; here only a split.
        spaces = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
        short = spaces.filter(tantivy.Filter.remove_long(200))
        index.register_tokenizer("spaces", short.build())
        writer = index.writer(WRITER_BYTES, 1)
        seen: Counter[str] = Counter()
        for number, passage in enumerate(self.passages):
            title, body = self._terms_of(passage)
            self._titles.append(frozenset(title))
            self._bodies.append(frozenset(body))
            seen.update({*title, *body})
            document = tantivy.Document(title=" ".join(title), body=" ".join(body), number=number)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._seen = seen
        self._vocabulary = Vocabulary(seen)
        texts = (f"{passage.title} {passage.content}" for passage in self.passages)
        self._spelling = Vocabulary(word for text in texts for word in raw_words(text, ""))
        return schema, index.searcher()

    def _terms_of(self, passage: Passage) -> tuple[list[str], list[str]]:
        """Return the terms of title and text; none, if they can't be read, and log the entry."""
        try:
            title = self._terms(passage.title)
            return title, self._terms(f"{passage.heading}\n{passage.content}".lstrip())
        except Exception as error:  # noqa: BLE001 - one entry must not silence all others
            self._note_failed(passage.entry, error)
            return [], []

    def _terms(self, text: str) -> list[str]:
        return [*terms(text, self.language), *self._compounds.parts(text)]

    def mended(self, question: str) -> str:
        """Return the question with misspelt words replaced by words of the knowledge.

        The encoder knows no misspelt words. Some replacements are wrong (an unknown word that
        resembles a known one), so the question must be searched as it is, too.
        """

        def is_right(word: str) -> bool:
            asked = question_terms(word, self.language)
            return all(term in self._seen for term in (*asked.strong, *asked.weak))

        return self._spelling.mend_text(question, is_right, MENDED_TERMS)

    def search(self, question: str, limit: int, vector: "Vectors | None" = None) -> list[Hit]:
        """Return the best passages for the question, best first.

        `vector`: the question's; None: by words alone. Nothing is left out for its low score: what
        is good enough is the threshold's to say (loquent/agents/search/refusal.py). The question is
        a visitor's: it becomes terms, and is never read as a query language.
        """
        asked = self._asked(question)
        candidates = dict.fromkeys(self._by_words(asked.weights))
        cosines: dict[int, float] = {}
        if vector is not None and self.vectors is not None:
            found = self.vectors @ vector
            count = min(CANDIDATES, len(found))
            candidates |= dict.fromkeys(found.argpartition(-count)[-count:].tolist())
            cosines = {number: float(found[number]) for number in candidates}
        hits = [self._hit(number, asked, cosines.get(number)) for number in candidates]
        hits.sort(key=lambda hit: -hit.score)
        return hits[:limit]

    def _hit(self, number: int, asked: "_Asked", cosine: float | None) -> Hit:
        title, body = self._titles[number], self._bodies[number]
        found = 0.0
        answers = []
        for term, weight in asked.weights.items():
            if term in title:
                found += weight
            elif term in body:
                found += weight * IN_TEXT
            else:
                continue
            answers.append(term)
        # A word that fits any subject proves nothing if a better word was not found.
        if asked.proof.isdisjoint(answers):
            found = 0.0
        words = min(1.0, found / asked.total) if asked.total else 0.0
        meaning = None if cosine is None else min(1.0, max(0.0, cosine))
        # Squared: one word of three is often chance, and must not outweigh a similar meaning.
        score = words if meaning is None else WORDS_WEIGHT * words**2 + MEANING_WEIGHT * meaning
        passage = self.passages[number]
        return Hit(
            passage.title, passage.url, passage.content, score, frozenset(answers),
            passage.entry, words, meaning, passage.heading,
        )  # fmt: skip

    def _asked(self, question: str) -> "_Asked":
        """Return the question's terms with their weights: rare ones say most."""
        asked = question_terms(question, self.language)
        weights: dict[str, float] = {}
        codes = {code for code in asked.codes if code in self._seen}
        for code in codes:
            weights[code] = CODE * self._rarity(code)
        for place, term in enumerate(asked.strong):
            if any(term in code for code in codes):
                continue
            known = self._vocabulary.mend(term) if place < MENDED_TERMS else term
            if known not in self._seen and (parts := self._compounds.parts(term)):
                for part in parts:
                    weights[part] = self._rarity(part) / 2
                if len(parts) == 1:
                    # "Parkplatz" is not answered by "Platz" alone.
                    weights[known] = self._rarity(known) / 2
            else:
                weights[known] = self._rarity(known) * (1.0 if known == term else MENDED)
        # Small numbers stand in any text.
        proof = frozenset(weights) or frozenset(t for t in asked.weak if not t.isdecimal())
        for term in asked.weak:
            weights.setdefault(term, WEAK * self._rarity(term))
        heaviest = sorted(weights.values(), reverse=True)
        subject, circumstance = heaviest[:SUBJECT_TERMS], heaviest[SUBJECT_TERMS:]
        return _Asked(weights, proof, sum(subject) + CIRCUMSTANCE * sum(circumstance))

    def _rarity(self, term: str) -> float:
        count = len(self.passages)
        return 1.0 + math.log((count + 1) / (self._seen[term] + 0.5)) / math.log(count + 2)

    def _by_words(self, asked: Iterable[str]) -> list[int]:
        from tantivy import Occur, Query  # noqa: PLC0415 - see words.py

        clauses: list[tuple[Occur, Query]] = []
        for term in asked:
            title = Query.term_query(self._schema, "title", term, "freq")
            body = Query.term_query(self._schema, "body", term, "freq")
            clauses.append((Occur.Should, Query.boost_query(title, TITLE_BOOST)))
            clauses.append((Occur.Should, body))
        if not clauses:
            return []
        found = self._searcher.search(Query.boolean_query(clauses), limit=CANDIDATES)
        return [self._searcher.doc(address)["number"][0] for _, address in found.hits]


def retrieved_of(hits: Iterable[Hit], is_cited: Callable[[Hit], bool]) -> tuple[Retrieved, ...]:
    """Return the passages as staff see them."""
    return tuple(
        Retrieved(
            entry=hit.entry,
            title=hit.title,
            score=round(hit.score, 3),
            words=round(hit.words, 3),
            meaning=None if hit.meaning is None else round(hit.meaning, 3),
            cited=is_cited(hit),
        )
        for hit in hits
    )


def sources_of(hits: Iterable[Hit]) -> tuple[Source, ...]:
    """Return the linked entries behind the passages, each link once, best first."""
    sources: dict[str, Source] = {}
    for hit in hits:
        if hit.url:
            sources.setdefault(hit.url, Source(title=hit.title, url=hit.url))
    return tuple(sources.values())
