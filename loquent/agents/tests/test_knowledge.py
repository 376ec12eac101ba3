"""Which passages are found for a question."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loquent.agents.search import indexed
from loquent.agents.search.index import KnowledgeIndex, sources_of
from loquent.agents.search.indexed import Knowledge
from loquent.agents.search.knowledge import search_knowledge
from loquent.agents.search.passages import MAXIMUM, split_passages, split_sections
from loquent.agents.search.refusal import Threshold, words_threshold
from loquent.agents.search.typos import Vocabulary
from loquent.agents.search.words import terms
from loquent.agents.tests.replies import make_reply
from loquent.agents.types import ChatMessage, Passage, Source

SHOP = [
    Passage(
        "Shipping",
        "We ship to Switzerland and the EU. Shipping costs 5 euros, and is free over 50 euros.\n\n"
        "Delivery takes 2 to 4 working days.",
        "https://shop.test/shipping",
    ),
    Passage("Returns", "You can return anything within 30 days; we refund your card.", ""),
    Passage("Mugs", "Our mugs are handmade stoneware, safe in the dishwasher.", ""),
    Passage("Öffnungszeiten", "Unser Laden in Zürich hat von 9 bis 18 Uhr geöffnet.", ""),
    Passage("配送", "配送料は五百円です。三日以内に届きます。", ""),
    Passage("Livraison à l'étranger", "Nous livrons aussi à l'étranger.", ""),
]
INDEX = KnowledgeIndex(SHOP)


WHOLE = Knowledge(INDEX, Threshold(words=words_threshold(INDEX)))


def titles(question: str) -> list[str]:
    return [hit.title for hit in WHOLE.search(question, limit=4).relevant]


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("What does shipping cost?", "Shipping"),
        ("do you SHIP to switzerland???", "Shipping"),
        ("how much are the shiping costs", "Shipping"),
        ("How long does a delivery take?", "Shipping"),
        ("Hey, could you tell me if I'm able to get a refund please", "Returns"),
        ("are your mugs dishwasher-safe", "Mugs"),
        ("Wie sind eure Offnungszeiten?", "Öffnungszeiten"),
        ("ÖFFNUNGSZEITEN", "Öffnungszeiten"),
        ("配送料はいくらですか", "配送"),
        ("l\u2019etranger?", "Livraison à l'étranger"),
    ],
)
def test_the_best_passage_is_the_one_about_the_question(question: str, title: str) -> None:
    assert titles(question)[:1] == [title]


@pytest.mark.parametrize(
    "question",
    [
        "the", "what is it?", "Who is the pope?", "What is the capital of Norway?",
        "Do you sell elephants?", "", " ", "?", "天気はどうですか",
        "My cat loves climbing towers of playing cards made from old paper",
        "The only thing I want to know is how you are today and whether this is the one",
    ],
)  # fmt: skip
def test_unrelated_question_finds_nothing(question: str) -> None:
    assert titles(question) == []


def test_a_question_about_two_things_finds_both() -> None:
    found = titles("What does shipping cost, and are mugs dishwasher safe?")
    assert set(found) == {"Shipping", "Mugs"}


@pytest.mark.parametrize("character", ["(", '"', ":", "*", "\\", "🎉", "\x00", "\ud83d", "ﷺ", "a"])
def test_any_character_4000_times_is_harmless(character: str) -> None:
    assert titles(character * 4_000) == []
    assert titles(f"{character} mugs {character * 10}") == ["Mugs"]


@pytest.mark.parametrize(
    "question",
    ["title:mugs AND (", "+mugs -stoneware", "mugs^1e9", "mugs~7", "[mugs TO *]", "/mugs"],
)
def test_query_syntax_is_treated_as_plain_words(question: str) -> None:
    assert titles(question) == ["Mugs"]


@given(st.text(max_size=200))
def test_any_text_can_be_searched(question: str) -> None:
    assert len(INDEX.search(question, 4)) <= 4


async def test_follow_up_is_searched_with_the_previous_question() -> None:
    first = ChatMessage("user", "Tell me about delivery")
    messages = [first, ChatMessage("assistant", "…"), ChatMessage("user", "and when is it there?")]
    found = await search_knowledge(make_reply(messages, knowledge=SHOP).request, 4)
    assert [hit.title for hit in found.relevant][:1] == ["Shipping"]


async def test_concurrent_turns_build_the_index_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built: list[KnowledgeIndex] = []

    class Counted(KnowledgeIndex):
        def __init__(self, entries: Sequence[Passage], language: str = "") -> None:
            super().__init__(entries, language)
            built.append(self)

    monkeypatch.setattr(indexed, "KnowledgeIndex", Counted)
    request = make_reply("mugs", knowledge=SHOP).request
    await asyncio.gather(*(search_knowledge(request, 4) for _ in range(10)))
    assert len(built) == 1


async def test_language_that_is_set_decides_over_the_text() -> None:
    # English by its words, which has no rule for this form.
    entry = Passage("Die Reparaturen", "Please ask in the shop for what we have.", "")
    request = make_reply("Reparatur", knowledge=[entry]).request
    found = [
        await search_knowledge(replace(request, language=language, agent_id=f"x{language}"), 1)
        for language in ("", "de")
    ]
    assert [(result.language, result.outcome) for result in found] == [
        ("en", "none"),
        ("de", "answer"),
    ]


def test_entry_that_cannot_be_indexed_is_named_and_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(text: str, language: str) -> list[str]:
        if "secret" in text:
            raise ValueError(text)
        return terms(text, language)

    monkeypatch.setattr("loquent.agents.search.index.terms", failing)
    bad = Passage("Broken", "A secret text.", "", "entry-7")
    index = KnowledgeIndex([bad, *SHOP])
    assert index.search("What does shipping cost?", 1)[0].title == "Shipping"
    assert "entry-7" in caplog.text
    assert "secret" not in caplog.text


def test_sources_are_linked_entries_without_repeats() -> None:
    hits = INDEX.search("shipping refund", 4)
    assert {hit.title for hit in hits} == {"Shipping", "Returns"}
    assert sources_of([*hits, *hits]) == (
        Source(title="Shipping", url="https://shop.test/shipping"),
    )


def test_short_paragraphs_stay_together_and_long_ones_are_cut_between_sentences() -> None:
    short = "Heading\n\nText under it."
    assert split_passages(short) == [short]
    long = "\n\n".join(["A sentence of some length. " * 60] * 2)
    passages = split_passages(long)
    assert all(passage.endswith(".") and len(passage) <= MAXIMUM for passage in passages)


FILLER = "This sentence fills the section so that it becomes a passage. " * 5


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        (f"# Handbook\n\n## Returns\n\n{FILLER}\n\n### Abroad\n\n{FILLER}", ["", "Returns"]),
        (f"## Returns ##\n{FILLER * 4}", ["", "Returns"]),
        (f"## Returns\n\n{FILLER}\n\n## Hours\n\n{FILLER * 4}", ["", "", "Hours"]),
        (f"### Deep\n\n{FILLER}\n\n# Top\n\n{FILLER}\n\n## Low\n\n{FILLER}", ["", "", "Top"]),
        (f"```\n# no heading\n\n# none\n```\n\n{FILLER * 4}", ["", "", ""]),
        (f"#hashtag\n\n{FILLER * 4}", ["", "", ""]),
        (
            f"## Returns\n\nShort.\n\n## Hours\n\nNine to five.\n\n{FILLER * 4}",
            ["", "Hours", "Hours"],
        ),
    ],
)
def test_passages_know_the_headings_above_them(text: str, headings: list[str]) -> None:
    sections = split_sections(text, "Handbook")
    assert [section.heading for section in sections] == headings
    assert not any(section.text.splitlines()[-1].startswith(("# ", "## ")) for section in sections)


def test_passage_is_found_by_the_heading_above_it() -> None:
    content = f"## Kayaks\n\n{FILLER * 3}\n\nA deposit of 90 euros is due."
    index = KnowledgeIndex([Passage("Hire", content, "")])
    best = index.search("deposit kayak", 1)[0]
    assert (best.heading, best.text) == ("Kayaks", "A deposit of 90 euros is due.")
    assert best.words == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("question", "least", "most"),
    [
        ("Gibt es freie Plätze?", 0.9, 1.0),
        ("Ist der Kursplatz sicher?", 0.9, 1.0),
        ("Gibt es Parkplätze?", 0.2, 0.6),
        ("Kursgebühr?", 0.2, 0.6),
        ("Parkhaus?", 0.0, 0.0),
    ],
)
def test_compound_of_which_one_half_is_known_is_half_found(
    question: str, least: float, most: float
) -> None:
    entries = [Passage("Freie Plätze im Kurs", "Ihr Platz ist sicher.", ""), *SHOP[:4]]
    found = KnowledgeIndex(entries, "de").search(question, 1)
    assert least <= (found[0].words if found else 0.0) <= most


@given(st.text(st.sampled_from("ab. \n。#"), max_size=4_000))
def test_no_word_is_lost_between_passages(text: str) -> None:
    passages = split_passages(text)
    assert "".join("".join(passages).split()) == "".join(text.split())
    assert all(0 < len(passage) <= MAXIMUM for passage in passages)


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("refund", "refnud", True),
        ("refund", "refun", True),
        ("refund", "refuund", True),
        ("refund", "refind", True),
        ("refund", "refund", True),
        ("refund", "rfeudn", False),
        ("refund", "refunded", False),
        ("refund", "defind", False),
    ],
)
def test_one_typo_still_finds_the_passage(one: str, other: str, near: bool) -> None:
    assert (Vocabulary([other]).mend(one) == other) is near
    assert (Vocabulary([one]).mend(other) == one) is near
