"""What the builtin provider answers."""

import asyncio
from dataclasses import replace

import pytest
from pytest_django.fixtures import Settings

from loquent.agents.backends.builtin.backend import BuiltinBackend, pieces
from loquent.agents.search.knowledge import whole_knowledge
from loquent.agents.search.languages import detect_language
from loquent.agents.tests.replies import collect, make_reply
from loquent.agents.tests.test_knowledge import SHOP
from loquent.agents.types import ChatMessage, Passage, ReplyEnd, ReplyRequest, Source, TextDelta


async def ask(question: str, **options: object) -> tuple[str, ReplyEnd]:
    options = {"knowledge": SHOP} | options
    return await collect(make_reply(question, model="builtin:knowledge", **options))  # type: ignore[arg-type]


async def test_the_answer_is_the_passage_with_its_link() -> None:
    text, end = await ask("What does shipping cost?")
    assert "“Shipping”" in text
    assert SHOP[0].content in text
    assert "Mugs" not in text
    assert end == ReplyEnd(sources=(Source(title="Shipping", url="https://shop.test/shipping"),))


async def test_a_question_about_two_things_is_answered_with_both() -> None:
    text, end = await ask("What does shipping cost, and are mugs dishwasher safe?")
    assert SHOP[0].content in text
    assert SHOP[2].content in text
    assert len(end.sources) == 1


async def test_unknown_question_gets_the_fallback_and_suggestions() -> None:
    text, end = await ask("Who is the pope?")
    assert text.startswith("I'm sorry, I found nothing about that.")
    assert "“Shipping”, “Returns”" in text
    assert end.sources == ()


@pytest.mark.parametrize("question", ["Who is the pope?", "Hello!", "?"])
async def test_agent_without_knowledge_still_answers(question: str) -> None:
    text, end = await ask(question, knowledge=[])
    assert text
    assert end.outcome == ("answered" if question == "Hello!" else "no_answer")


@pytest.mark.parametrize(
    ("message", "beginning"),
    [
        ("Hello", "Hello!"),
        ("hi there 👋", "Hello!"),
        ("Grüezi? Hallo!", "Guten Tag!"),
        ("Wer ist der Papst?", "Dazu habe ich leider nichts gefunden."),
        ("Merci beaucoup, au revoir", "Au revoir"),
        ("Are you a robot?", "I'm an automated assistant. I can help with “Shipping”"),
        # The title is isolated, or its quotation marks would change places.
        ("هل أنت روبوت؟", "أنا مساعد آلي. يمكنني المساعدة في «\u2068Shipping\u2069»"),
        ("Bist du ein Roboter?", "Ich bin ein automatischer Assistent. Ich kann"),
        ("Gracias, eso es todo", "¡De nada!"),
        ("Vielen Dank!", "Gern geschehen!"),
        ("Спасибо", "Пожалуйста!"),
        ("こんにちは", "こんにちは！"),
        ("Good morning", "Hello!"),
        ("thanks a lot!!", "You're welcome"),
        ("Thank you very much for your help.", "You're welcome"),
        ("bye", "Goodbye"),
        ("Hello, what does shipping cost?", "Here is what I found"),
        ("👋", "What would you like to know?"),
        ("ok", "What would you like to know?"),
    ],
)
async def test_small_talk_is_answered(message: str, beginning: str) -> None:
    text, end = await ask(message)
    assert text.startswith(beginning)
    assert end.outcome == ("no_answer" if beginning.startswith("Dazu") else "answered")
    assert bool(end.sources) == beginning.startswith("Here")


@pytest.mark.parametrize(
    "earlier", [["Hi, what does shipping cost?"], ["Shipping?", "Thanks a lot!"]]
)
async def test_short_question_continues_the_one_before_and_its_courtesy(earlier: list[str]) -> None:
    messages = [ChatMessage("user", text) for text in (*earlier, "Hello again, and how long?")]
    text, _ = await collect(make_reply(messages, model="builtin:knowledge", knowledge=SHOP))
    assert text.startswith("Here is what I found about “Shipping”")


async def test_entry_whose_title_is_the_question_is_given_whole_after_a_greeting() -> None:
    entry = Passage("Are mugs safe?", "Yes.\n\n" + "All of them. " * 120, "")
    text, _ = await ask("Good morning! Are mugs safe? Thanks", knowledge=[*SHOP, entry])
    assert text == f"Here is what I found about “Are mugs safe?”:\n\n{entry.content}"


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("# Flying\n\nBags fit under the seat.", "Bags fit under the seat."),
        ("## Flying\nBags fit under the seat.", "Bags fit under the seat."),
        ("# Flying with bags\n\nThey fit.", "# Flying with bags\n\nThey fit."),
        ("# Flying", "# Flying"),
        ("Flying\n\nBags fit.", "Flying\n\nBags fit."),
    ],
)
async def test_heading_that_repeats_the_title_is_not_quoted(content: str, shown: str) -> None:
    text, end = await ask("flying?", knowledge=[Passage("Flying", content, ""), *SHOP])
    assert text == f"Here is what I found about “Flying”:\n\n{shown}"
    assert end.retrieved[0]["cited"]


async def test_answer_respects_the_output_limit() -> None:
    text, _ = await ask("What does shipping cost?", max_output_tokens=20)
    assert len(text) <= 80
    assert text.endswith("…")


@pytest.mark.costly
async def test_answer_streams_quickly_in_small_pieces() -> None:
    entry = Passage("Mugs", "mugs " * 190, "")
    request: ReplyRequest = make_reply("mugs", knowledge=[entry]).request
    backend = BuiltinBackend()
    events = [event async for event in backend.stream(request)]
    texts = [event.text for event in events if isinstance(event, TextDelta)]
    assert len(texts) > 20
    # The time of its pauses: a busy machine takes longer.
    assert len(texts) * backend.pause < 2
    assert max(map(len, texts)) < 60


@pytest.mark.parametrize("text", ["", "a", "a  b\n\n c ", "配" * 5_000, "word " * 20_000])
def test_pieces_join_to_the_whole_text(text: str) -> None:
    cut = list(pieces(text))
    assert "".join(cut) == text
    assert len(cut) <= 120
    assert all(cut)


LANGUAGES = {
    "en": ("Who is the pope?", "I'm sorry, I found nothing"),
    "de": ("Wer ist der Papst?", "Dazu habe ich leider nichts gefunden"),
    "fr": ("Qui est le pape ?", "Désolé, je n'ai rien trouvé"),
    "es": ("¿Quién es el papa?", "Lo siento, no he encontrado nada"),
    "it": ("Chi è il papa e dove abita?", "Mi dispiace, non ho trovato nulla"),
    "pt": ("Quem é o papa?", "Lamento, não encontrei nada"),
    "pt-BR": ("Você sabe quem é o papa?", "Desculpe, não encontrei nada"),
    "nl": ("Wie is de paus en waar woont hij?", "Sorry, daar heb ik niets over gevonden"),
    "pl": ("Kto jest papieżem i gdzie mieszka?", "Przepraszam, nic na ten temat"),
    "cs": ("Kdo je papež a kde bydlí?", "Bohužel jsem o tom nic nenašel"),
    "da": ("Hvad hedder paven, og hvornår kommer han?", "Beklager, det fandt jeg"),
    "nb": ("Hvem er paven, og hva gjør han nå?", "Beklager, jeg fant ikke"),
    "sv": ("Vem är påven och var bor han?", "Tyvärr hittade jag inget"),
    "fi": ("Kuka on paavi ja missä hän asuu?", "Valitettavasti en löytänyt"),
    "ro": ("Cine este papa și unde locuiește?", "Îmi pare rău, nu am găsit"),
    "tr": ("Papa kim ve nerede yaşıyor?", "Üzgünüm, bununla ilgili"),
    "id": ("Siapa paus dan di mana dia tinggal?", "Maaf, saya tidak menemukan"),
    "vi": ("Giáo hoàng là ai và ở đâu?", "Rất tiếc, tôi không tìm thấy"),
    "ru": ("Кто сейчас папа римский?", "К сожалению, я ничего"),
    "uk": ("Хто зараз є папою римським і де він живе?", "На жаль, я нічого"),
    "el": ("Ποιος είναι ο πάπας;", "Λυπάμαι, δεν βρήκα"),
    "ar": ("من هو البابا؟", "عذرًا، لم أجد"),
    "fa": ("پاپ کیست و کجا زندگی می‌کند؟", "متأسفم، چیزی"),
    "he": ("מי האפיפיור?", "מצטער, לא מצאתי"),
    "hi": ("पोप कौन है?", "क्षमा करें"),
    "ja": ("ローマ教皇は誰ですか", "申し訳ありませんが"),
    "ko": ("교황은 누구인가요?", "죄송합니다"),
    "zh": ("教皇是谁？", "抱歉，我没有"),
    "zh-TW": ("教宗是誰？這個問題", "抱歉，我沒有"),
}


@pytest.mark.parametrize(("question", "sentence"), LANGUAGES.values(), ids=LANGUAGES)
async def test_visitor_is_answered_in_the_language_of_the_question(
    question: str, sentence: str
) -> None:
    text, end = await ask(question, knowledge=SHOP[:3])
    assert text.startswith(sentence)
    assert end.outcome == "no_answer"


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Ich brauche Hilfe", "de"),
        ("Ich will den Rucksack zurückgeben", "de"),
        ("Je veux rendre le sac", "fr"),
        ("Quiero devolver la mochila", "es"),
        ("Necesito ayuda", "es"),
        ("Vorrei restituire lo zaino", "it"),
        ("Quero devolver a mochila", "pt"),
        ("Ik wil mijn tas terugsturen", "nl"),
        ("Chcę zwrócić plecak", "pl"),
        ("Chci vrátit batoh", "cs"),
        ("İade etmek istiyorum", "tr"),
        ("I want to return the bag", "en"),
        ("NT-2204?", ""),
        ("Papst", ""),
    ],
)
def test_language_of_a_short_question_is_recognised(question: str, language: str) -> None:
    assert detect_language(question) == language


@pytest.mark.parametrize(
    ("previous", "question", "beginning"),
    [
        # No search term, but a meaning.
        ("What does shipping cost?", "Where are you?", "Here is what I found about “Where to"),
        ("Hello", "How are you?", "Hello! What would you like to know?"),
        ("Can I return goods?", "How long?", "Here is what I found about “Returns”"),
        # No reason to quote the same again.
        ("What does shipping cost?", "ok", "What would you like to know?"),
        ("What does shipping cost?", "yes please", "What would you like to know?"),
    ],
)
@pytest.mark.django_db(transaction=True)
async def test_question_without_a_search_term_is_answered_if_its_meaning_is_found(
    settings: Settings, previous: str, question: str, beginning: str
) -> None:
    settings.MEANING = True
    knowledge = [
        Passage("Where to find us", "We are at Marktgasse 12, Bern.", ""),
        Passage("Shipping", "Shipping costs 5 euros in all countries.", ""),
        Passage("Returns", "You can return goods within 30 days.", ""),
    ]
    messages = [ChatMessage("user", previous), ChatMessage("user", question)]
    request = make_reply(messages, knowledge=knowledge).request
    await asyncio.to_thread(whole_knowledge, request, 300)
    events = BuiltinBackend(pause=0).stream(request)
    said = [event.text async for event in events if isinstance(event, TextDelta)]
    assert "".join(said).startswith(beginning)


@pytest.mark.parametrize(
    ("browser", "beginning"),
    [("fr", "Désolé"), ("pt-BR", "Desculpe"), ("pt", "Lamento"), ("", "Dazu habe ich leider")],
)
async def test_question_of_no_sure_language_is_answered_in_the_browsers(
    browser: str, beginning: str
) -> None:
    hours = Passage("Öffnungszeiten", "Der Laden ist von 9 bis 18 Uhr für Sie geöffnet.", "")
    request = make_reply("Papst", knowledge=[hours]).request
    events = BuiltinBackend(pause=0).stream(replace(request, visitor_language=browser))
    said = [event.text async for event in events if isinstance(event, TextDelta)]
    assert "".join(said).startswith(beginning)


async def test_question_of_no_sure_language_is_answered_in_the_agents() -> None:
    hours = Passage("Öffnungszeiten", "Der Laden ist von 9 bis 18 Uhr für Sie geöffnet.", "")
    assert (await ask("Papst", knowledge=[hours]))[0].startswith("Dazu habe ich leider nichts")


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("I want to talk to a human", "I'm an automated assistant"),
        ("Ich möchte mit einem Menschen sprechen", "Ich bin ein automatischer Assistent"),
    ],
)
async def test_wish_for_a_person_gets_an_honest_answer(question: str, sentence: str) -> None:
    for knowledge in (SHOP, []):
        text, end = await ask(question, knowledge=knowledge)
        assert text.startswith(sentence)
        assert end.outcome == "no_answer"


async def test_unsure_answer_offers_choices_whose_click_is_answered() -> None:
    knowledge = [
        Passage(f"Opening hours in {town}", f"From 9 to {hour}.", "", town)
        for town, hour in (("Bern", 17), ("Basel", 18), ("Chur", 19), ("Genf", 20))
    ]
    question = "What are the hours for bakery bread?"
    text, end = await ask(question, knowledge=knowledge)
    assert text.startswith("Do you mean one of these: “Opening hours in")
    assert len(end.choices) == 3
    assert end.sources == ()
    for choice in end.choices:
        assert choice["title"] in text
        answer, _ = await ask(choice["message"], knowledge=knowledge)
        assert answer.startswith(f"Here is what I found about “{choice['title']}”")


LONG = "\n\n".join(f"Step {n}. {'Take the tent to the workshop. ' * 12}" for n in range(1, 6))
TENTS = Passage("Do you repair tents?", LONG, "https://shop.test/tents", "tents")
OTHERS = [
    Passage("Tents", "We repair tents of all brands. Do you have one?", "", "other"),
    Passage("Repair of boots", "You repair boots, we repair tents.", "", "boots"),
]


@pytest.mark.parametrize(
    "question", ["Do you repair tents?", "do you repair TENTS", "Do  you repair\ntents ?!"]
)
async def test_entry_whose_title_is_the_question_is_quoted_whole_and_alone(question: str) -> None:
    text, end = await ask(question, knowledge=[*OTHERS, TENTS])
    assert text.endswith(LONG)
    assert not any(other.content in text for other in OTHERS)
    assert end.sources == (Source(title=TENTS.title, url=TENTS.url),)


async def test_other_questions_and_long_entries_are_quoted_in_passages() -> None:
    text, _ = await ask("Do you repair tents of a friend?", knowledge=[*OTHERS, TENTS])
    assert LONG not in text
    endless = replace(TENTS, content=LONG * 3)
    text, _ = await ask("Do you repair tents?", knowledge=[*OTHERS, endless])
    assert endless.content not in text
