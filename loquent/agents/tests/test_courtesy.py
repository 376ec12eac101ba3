"""Greetings, thanks and farewells: alone they are small talk, around a question they are cut."""

import json
from pathlib import Path

import pytest

from loquent.agents.backends.builtin import sentences
from loquent.agents.search import courtesy
from loquent.agents.search.courtesy import small_talk, without_courtesy

PHRASES = json.loads(Path(courtesy.__file__).with_suffix(".json").read_text("utf-8"))
SMALL_TALK = {
    "hello": """Hello
hi there 👋
Hi, how are you?
Sehr geehrte Damen und Herren,
Bonjour madame !
¡Buenos días!
你好啊
สวัสดีครับ
مرحبا
안녕하세요""",
    "welcome": """thanks, that's all I needed
Perfect, thank you!
no thanks
Vielen Dank für die Hilfe
Danke, das hat mir sehr geholfen
Nein danke, das war's
c'est tout, merci
Bardzo dziękuję za pomoc!
Большое спасибо, всё понятно
आपका धन्यवाद
ありがとうございました。助かりました。
好的，谢谢
ขอบคุณมากค่ะ""",
    "bye": """Merci beaucoup, au revoir
gracias, adiós
ok great thanks bye
Auf Wiedersehen!
Schönen Tag noch
До свидания""",
    "robot": """are you a robot?
Hi, are you a bot?
Who are you?
Bist du ein Mensch?
Vous êtes un robot ?
¿Eres un robot?
Sei un bot?
Ben je een robot?
Czy jesteś botem?
Ты робот?
Robot musun?
هل أنت روبوت؟
あなたはロボットですか
你好，你是机器人吗？
คุณเป็นบอทไหม""",
}
QUESTIONS = [
    ("Good evening, do you deliver to London?", "do you deliver to London?"),
    ("hi do you ship? Thanks in advance!", "do you ship? "),
    ("Hi, hello, good morning, open today?", "open today?"),
    ("Hi - fees?", "fees?"),
    ("hello\nfees?", "fees?"),
    ("Fees? Thanks", "Fees? "),
    ("Guten Tag\n\nIch suche ein Zelt.\nVielen Dank im Voraus", "Ich suche ein Zelt.\n"),
    ("Bonjour, livrez-vous en France ?", "livrez-vous en France ?"),
    ("Dzień dobry! Ile kosztuje wysyłka?", "Ile kosztuje wysyłka?"),
    ("你好，请问几点开门？", "请问几点开门？"),
    ("你好几点开门？谢谢", "几点开门？"),
    ("こんにちは、送料はいくらですか", "送料はいくらですか"),
    ("สวัสดีครับ เปิดกี่โมง", "เปิดกี่โมง"),
    ("안녕하세요, 몇 시에 열어요?", "몇 시에 열어요?"),
    ("مرحبا، كم سعر الشحن؟", "كم سعر الشحن؟"),
]
UNCHANGED = [
    "Are you a robot shop?",
    "Who are your partners?",
    "Hi-fi systems on offer today?",
    "Halo lamp?",
    "Beste prijs?",
    "What does it cost?",
    "How are thank-you cards sent?",
    "Do you have a card that says hello?",
    "Wann ist der nächste freie Tag?",
    "help",
    "ok",
    "?",
    "Danke!",
    "Hello",
    "",
    "送料はいくらですか",
]


@pytest.mark.parametrize(
    ("message", "kind"),
    [(message, kind) for kind, messages in SMALL_TALK.items() for message in messages.split("\n")],
)
def test_courtesy_alone_is_small_talk(message: str, kind: str) -> None:
    assert small_talk(message) == kind
    assert without_courtesy(message).strip()


@pytest.mark.parametrize(("message", "rest"), QUESTIONS)
def test_courtesy_around_a_question_is_cut(message: str, rest: str) -> None:
    assert without_courtesy(message) == rest
    assert small_talk(message) is None


@pytest.mark.parametrize("message", UNCHANGED)
def test_other_messages_stay_whole(message: str) -> None:
    assert without_courtesy(message) == message


def test_every_language_has_phrases_of_each_kind() -> None:
    assert set(PHRASES) | {"pt-BR"} == set(sentences.languages())
    for texts in PHRASES.values():
        assert set(texts) == {*courtesy.KINDS, "with"}
        for kind in courtesy.KINDS:
            assert {small_talk(phrase) for phrase in texts[kind].split("|")} <= {*courtesy.KINDS}
