"""What a visitor's message says: a complaint, a wish, details, thanks, or a plain question."""

import pytest

from widgets.services.attention import signs_of
from widgets.types import Sign

COMPLAINTS = """The loaf I bought yesterday was mouldy!
You charged me twice for order 1182
I need a birthday cake for Saturday and nobody picks up the phone
No one is answering your phone
Ich rufe seit Tagen an, es geht niemand ran
Personne ne répond au téléphone
Nadie contesta al teléfono
Nessuno risponde al telefono
Ninguém atende o telefone
Er neemt niemand op
Nikt nie odbiera telefonu
Никто не берёт трубку
Ніхто не відповідає на дзвінки
Telefonu arıyorum, kimse açmıyor
電話に出ません
没人接电话
전화를 안 받아요
I want a refund
My parcel has not arrived
This is a scam
Das Brot war verschimmelt
Ich möchte mich beschweren
Mir wurde doppelt abgebucht
Le pain était moisi
C'est une arnaque
El pan estaba mohoso
Quiero que me devuelvan mi dinero
Il pane era ammuffito, voglio un rimborso
O pão veio com mofo
Het brood was beschimmeld
Brödet var mögligt
Brødet var muggent
Leipä oli homeessa
Chléb byl plesnivý
Chleb był spleśniały
Pâinea era mucegăită, vreau banii înapoi
Хлеб был с плесенью
Верните деньги!
Хліб був зіпсований
Ekmek küflüydü
الخبز متعفن
نان کپک زده بود
הלחם היה מעופש
रोटी खराब थी
Rotinya berjamur
パンにカビが生えていました
빵에 곰팡이가 있었어요
面包发霉了，我要退款
麵包發霉了
Bánh bị mốc
Το ψωμί είχε μούχλα""".splitlines()
WISHES = """Please call me back about the wedding
Could you send me a quote for 200 croissants?
I would like to place a large order for our office
Bitte um Rückruf
Ich hätte gerne eine Offerte
Pouvez-vous me rappeler ?
Je voudrais un devis
Quisiera un presupuesto
Vorrei un preventivo
Kan ik een offerte krijgen?
We need 200 croissants for our office on Friday, please send an offer
Перезвоните, пожалуйста
請給我報價
Can I talk to a human?""".splitlines()
DETAILS = """you can reach me at beat.zuercher@example.ch
079 123 45 67
my number is +41 79 123 45 67, thanks
call 0791234567
(415) 555-0134
+1 415 555 0134""".splitlines()
QUESTIONS = """Are you open on Sunday?
Are you open on 01.12.2026 10:00 - 18:00?
What is your refund policy?
Do you sell coffee?
My order is 4711-2026
Is the Gurten waterproof?
Haben Sie am Sonntag offen?
Êtes-vous ouverts dimanche ?
Thanks, and do you ship to Norway?
Hello, I would like to know whether the shop is open
Wie viel kostet ein Zopf?
Co je v dortu?
Ile kosztuje chleb?
送料はいくらですか
运费是多少
كم سعر الخبز؟""".splitlines()
SMALL_TALK = """hi
Hello there
Guten Tag!
Bonjour
Buenos días
こんにちは
你好
مرحبا
Thank you very much!
danke
merci beaucoup
谢谢
Obrigada""".splitlines()


@pytest.mark.parametrize("message", COMPLAINTS)
def test_complaint_is_recognised(message: str) -> None:
    assert Sign.COMPLAINT in signs_of(message)
    assert Sign.COMPLAINT in signs_of(f"  {message.upper()} ")


@pytest.mark.parametrize("message", WISHES)
def test_wish_to_be_contacted_is_recognised(message: str) -> None:
    assert Sign.PERSON in signs_of(message)


@pytest.mark.parametrize("message", DETAILS)
def test_email_or_phone_in_the_text_is_recognised(message: str) -> None:
    assert Sign.DETAILS in signs_of(message)


@pytest.mark.parametrize("message", QUESTIONS)
def test_plain_question_has_no_other_sign(message: str) -> None:
    assert signs_of(message) == Sign.QUESTION


@pytest.mark.parametrize("message", SMALL_TALK)
def test_greeting_and_thanks_are_no_questions(message: str) -> None:
    assert Sign.QUESTION not in signs_of(message)


@pytest.mark.parametrize(
    "message", ["Thanks!", "Vielen Dank", "merci", "ありがとうございます", "谢谢"]
)
def test_thanks_are_recognised(message: str) -> None:
    assert signs_of(message) == Sign.THANKS
