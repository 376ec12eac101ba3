"""Questions that continue the one before, and questions about something else."""

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from loquent.agents.search import vectors
from loquent.agents.search.follow_ups import refers_back, topic_of
from loquent.agents.search.knowledge import whole_knowledge
from loquent.agents.search.languages import LANGUAGE_NAMES
from loquent.agents.tests.replies import make_reply
from loquent.agents.types import Passage

DATA = Path(__file__).parent / "data"
# Per language: one that refers to the question before, one that does not.
QUESTIONS = {
    "ar": ("كم يكلف هذا؟", "كم تكلفة الشحن؟"),
    "cs": ("A v neděli?", "Kolik stojí doprava?"),
    "da": ("Hvad koster det?", "Hvad koster fragten?"),
    "de": ("Was kostet das?", "Gibt es das Zelt in Blau?"),
    "el": ("Και την Κυριακή;", "Πόσο κοστίζει η αποστολή;"),
    "en": ("What does it cost?", "How much is shipping?"),
    "es": ("¿Y los domingos?", "¿Cuánto cuesta el envío?"),
    "fa": ("و یکشنبه؟", "هزینه ارسال چقدر است؟"),
    "fi": ("Entä sunnuntaina?", "Paljonko toimitus maksaa?"),
    "fr": ("Et le dimanche ?", "Combien coûte la livraison ?"),
    "he": ("כמה זה עולה?", "כמה עולה המשלוח?"),
    "hi": ("इसका दाम क्या है?", "डिलीवरी का खर्च कितना है?"),
    "id": ("Berapa harga itu?", "Berapa ongkos kirim?"),
    "it": ("E la domenica?", "Quanto costa la spedizione?"),
    "ja": ("それはいくらですか", "送料はいくらですか"),
    "ko": ("그건 얼마예요?", "배송비가 얼마예요?"),
    "nb": ("Hva koster den?", "Hva koster frakten?"),
    "nl": ("Wat kost het?", "Wat kost het verzenden?"),
    "pl": ("A w niedzielę?", "Ile kosztuje dostawa?"),
    "pt": ("E aos domingos?", "Quanto custa o envio?"),
    "ro": ("Și duminica?", "Cât costă livrarea?"),
    "ru": ("А в воскресенье?", "Сколько стоит доставка?"),
    "sv": ("Vad kostar det?", "Vad kostar frakten?"),
    "th": ("แล้ววันอาทิตย์ล่ะ", "ค่าส่งเท่าไร"),
    "tr": ("Peki pazar günü?", "Kargo ne kadar?"),
    "uk": ("А в неділю?", "Скільки коштує доставка?"),
    "vi": ("Còn chủ nhật?", "Phí giao hàng bao nhiêu?"),
    "zh": ("那星期天呢？", "运费多少？"),
    "zh-TW": ("那星期天呢？", "運費多少？"),
}


def test_question_that_refers_to_the_one_before_is_recognised_in_every_language() -> None:
    assert QUESTIONS.keys() == LANGUAGE_NAMES.keys()
    told = {name: [refers_back(q, name) for q in pair] for name, pair in QUESTIONS.items()}
    assert told == {name: [True, False] for name in QUESTIONS}


def test_chain_of_such_questions_is_followed_back_to_its_subject() -> None:
    tent, weight, price = "Tell me about the tent", "What does it weigh?", "And the price?"
    assert topic_of([], "en") == ""
    assert topic_of(["Do you hire skis?", tent], "en") == tent
    assert topic_of(["Do you hire skis?", tent, weight], "en") == f"{tent} {weight}"
    assert topic_of([tent, weight, price], "en") == f"{tent} {weight} {price}"
    # Not for ever.
    assert tent not in topic_of([tent, *[price] * 9], "en")


def turns(name: str, language: str, kind: str) -> list[dict[str, Any]]:
    rows = map(json.loads, (DATA / "turns.jsonl").read_text("utf-8").splitlines())
    return [r for r in rows if (r["set"], r["lang"], r["kind"]) == (name, language, kind)]


# What was reached, less a question of slack; docs/answers.md has the exact figures.
@pytest.mark.parametrize(
    ("name", "language", "meaning", "follow_ups", "switches"),
    [
        ("shop", "en", False, 9, 11),
        ("shop", "de", False, 9, 9),
        ("library", "zh", False, 2, 0),
        ("shop", "en", True, 9, 11),
        pytest.param("shop", "de", True, 9, 10, marks=pytest.mark.exhaustive),
        pytest.param("library", "it", True, 3, 0, marks=pytest.mark.exhaustive),
        pytest.param("library", "tr", True, 3, 0, marks=pytest.mark.exhaustive),
        pytest.param("library", "zh", True, 3, 0, marks=pytest.mark.costly),
    ],
)
def test_question_after_another_finds_its_own_subject(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    language: str,
    meaning: bool,
    follow_ups: int,
    switches: int,
) -> None:
    settings.MEANING = meaning
    monkeypatch.setattr(vectors, "_store", vectors.NoStore())
    lines = (DATA / f"{name}.{language}.entries.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    entries = [Passage(row["title"], row["content"], row["url"], row["id"]) for row in rows]
    knowledge = whole_knowledge(make_reply(knowledge=entries).request, 300)
    assert knowledge is not None
    for kind, least in (("follow-up", follow_ups), ("switch", switches)):
        asked = turns(name, language, kind)
        found = [(t["gold"], knowledge.search(t["question"], t["previous"])) for t in asked]
        assert sum(f.outcome != "none" and f.hits[0].entry == gold for gold, f in found) >= least


def test_entry_whose_title_is_the_question_answers_it_after_any_other() -> None:
    entries = [
        Passage("Tents", "Our tents weigh three kilos and cost 300 euros.", "", "1"),
        Passage("And what does it cost?", "Everything costs 5 euros today.", "", "2"),
    ]
    knowledge = whole_knowledge(make_reply(knowledge=entries).request, 300)
    assert knowledge is not None
    found = knowledge.search("And what does it cost?", "How much do your tents weigh?")
    assert found.hits[0].entry == "2"
