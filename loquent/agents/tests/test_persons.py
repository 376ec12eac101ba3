"""Whether a message asks for a person: at least one way to say it per language of the widget."""

import pytest

from loquent.agents.persons import asks_for_person

WISHES = """Can I speak to a real person please
Are you a bot? I want a person
human please
agent
Can someone call me?
connect me with your support team
Ich möchte mit einem Menschen sprechen
Kann ich einen Mitarbeiter haben?
Mensch bitte
Je veux parler à un humain
Puis-je parler à quelqu'un ?
Quiero hablar con una persona
Vorrei parlare con un operatore
Quero falar com um atendente
Ik wil graag een medewerker spreken
Jag vill prata med en människa
Jeg vil gerne tale med et menneske
Jeg vil snakke med en kundebehandler
Haluan puhua ihmisen kanssa
Chci mluvit s člověkem
Chcę rozmawiać z człowiekiem
Vreau să vorbesc cu un om
Хочу поговорить с человеком
Соедините с оператором
Хочу поговорити з людиною
Bir insanla konuşmak istiyorum
Müşteri temsilcisine bağlanmak istiyorum
أريد التحدث مع شخص
می‌خواهم با یک انسان صحبت کنم
אני רוצה לדבר עם נציג
मुझे किसी इंसान से बात करनी है
Saya ingin bicara dengan manusia
人間と話したいです
担当者につないでください
상담원 연결해 주세요
사람과 이야기하고 싶어요
转人工
我要找人工客服
我想和真人說話
Tôi muốn nói chuyện với người thật
Θέλω να μιλήσω με άνθρωπο""".splitlines()
PHRASES = """Is anyone there?
hello, is there anybody here?
Is there a real person here?
can you call me back please
Gibt's hier auch echte Menschen?
Gibt es hier auch Menschen?
Ist da jemand?
Rufen Sie mich bitte zurück
Könnt ihr mich zurückrufen?
Il y a quelqu'un ?
Y a-t-il quelqu'un ?
Pouvez-vous me rappeler ?
¿Hay alguien ahí?
¿Pueden llamarme?
C'è qualcuno?
Mi richiamate?
Tem alguém aí?
Podem me ligar?
Is daar iemand?
Bel mij even terug
Er der nogen?
Er det noen der?
Är det någon där?
Onko siellä ketään?
Jest tu ktoś?
Czy możecie oddzwonić? Proszę oddzwonić
Je tu někdo?
E cineva acolo?
Kimse var mı?
Beni arar mısınız?
Ada orang di sini?
Có ai ở đó không?
Есть кто-нибудь?
Перезвоните мне, пожалуйста
Є хтось?
Είναι κανείς εκεί;
هل يوجد أحد هنا؟
کسی اینجا هست؟
יש שם מישהו?
कोई है?
誰かいますか
折り返し電話をお願いします
누구 있나요?
有人在吗？
有人嗎
มีใครอยู่ไหม
ขอคุยกับเจ้าหน้าที่
Mi potete richiamare?
Proszę o telefon
Können Sie mich anrufen?
Do you need staff? Can I talk to someone about it?
Ich will einen Menschen""".splitlines()
QUESTIONS = """I want to book a table for 4 people
What is the price per person?
How many people work there?
Is the tent for one person?
Do you have gifts for people who like tea?
Which cleaning agent do you use?
I need a present for someone
How can I contact my bank?
Do you employ people with disabilities?
Is your staff vaccinated?
Ich suche ein Zelt für zwei Personen
Combien de personnes?
Где мой заказ?
Where can I call you?
Do you sell human hair?
Will the courier call before the delivery?
Can I call back an email?
Je ne peux pas me rappeler mon mot de passe
Gibt es einen Rückruf für dieses Produkt?
Ist der Laden morgen da?
Puis-je annuler l'appel ?
¿Hay envíos a España?
C'è uno sconto?
Kaç kişilik?
Сколько человек?
Ile osób?
Dla ilu osób?
لكم شخصًا؟
Monelle henkilölle?
Kolik osob?
Kuinka monta henkilöä?
Πόσα άτομα;
4 человека
送料はいくらですか
运费是多少
Suchen Sie Mitarbeiter?
Brauchen Sie Kollegen?
Do you need staff?
Are you looking for more people?
Cherchez-vous des employés ?
¿Buscan empleados?
Procuram funcionários?
Zoekt u medewerkers?
Szukacie pracowników?
Вы ищете сотрудников?
Haetteko työntekijöitä?
""".splitlines()


@pytest.mark.parametrize("message", [*WISHES, *PHRASES])
def test_wish_for_a_person_is_recognised(message: str) -> None:
    assert asks_for_person(message)
    assert asks_for_person(f"  {message.upper()}!!")


@pytest.mark.parametrize("message", QUESTIONS)
def test_question_mentioning_people_is_not_a_wish_for_a_person(message: str) -> None:
    assert not asks_for_person(message)
