"""Which messages begin a form of the offline agent, and which are questions to its knowledge."""

import asyncio
from dataclasses import replace

import pytest
from pytest_django.fixtures import Settings

from loquent.agents.actions.presets import PRESETS
from loquent.agents.actions.spec import ActionSpec, parameter_of
from loquent.agents.search.knowledge import whole_knowledge
from loquent.agents.services import LoadedReply
from loquent.agents.tests.replies import collect, make_reply
from loquent.agents.types import ChatMessage, Passage

SHOP = [
    Passage("Shipping", "Parcels within Switzerland arrive in one to two days and cost 7 CHF; "
            "orders over 80 CHF ship free. We also ship to Norway.", "", "1"),
    Passage("Returns", "You can return anything unused within 30 days. Print the label that we "
            "send, and drop the parcel at any post office.", "", "2"),
    Passage("Ordering by phone", "Call 031 555 01 23 to order by phone.", "", "3"),
    Passage("Payment", "We accept Visa, PayPal and purchase on invoice.", "", "4"),
]  # fmt: skip
STATUS, CANCEL, NONE = "Order status", "Cancel an order", ""
WISHES = {
    STATUS: [
        "Where is my order?", "Where is my order 10023?", "order status",
        "status of order 10023 please", "Has my parcel been sent?", "When will my order arrive?",
        "My order has not arrived yet", "has my order shipped yet", "where's my package",
        "Any news about my order 10023?",
        "Wo ist meine Bestellung?", "Wann kommt mein Paket an?", "Bestellstatus",
        "Où est ma commande ?", "¿Dónde está mi pedido?", "Dov'è il mio ordine?",
        "Waar is mijn bestelling?", "Onde está o meu pedido?", "Где мой заказ?",
        "Gdzie jest moje zamówienie?", "Siparişim nerede?", "我的订单在哪里？",
        "注文した商品はいつ届きますか？", "أين طلبي؟", "주문한 상품은 언제 도착하나요?",
        # Languages that the encoder does not know.
        "Hvor er min ordre?", "Hej, hvornår kommer min pakke 10023?", "Er min pakke sendt?",
        "Hvor er bestillingen min?", "Var är min beställning?", "När kommer mitt paket?",
        "Missä tilaukseni on?", "Kde je moje objednávka?", "Dobrý den, kdy dorazí můj balík?",
        "Unde este comanda mea?", "Când ajunge comanda mea nr. 10023?", "Де моє замовлення?",
        "Πού είναι η παραγγελία μου;", "سفارش من کجاست؟", "איפה ההזמנה שלי?",
        "मेरा ऑर्डर कहाँ है?", "Di mana pesanan saya?", "Đơn hàng của tôi ở đâu?",
    ],
    CANCEL: [
        "Please cancel my order", "Can you cancel my order?", "I want to cancel order 10024",
        "I don't want my order any more", "Bestellung stornieren", "Je veux annuler ma commande",
        "Quiero cancelar mi pedido", "Annulla il mio ordine", "Я хочу отменить заказ",
        "Jeg vil gerne annullere min ordre", "Chci zrušit objednávku 10024",
        "Vreau să anulez comanda", "Jag vill avbeställa min order",
    ],
    NONE: [
        "Can I order by phone?", "Do you take phone orders?", "How do I place an order?",
        "Can I return my order?", "Is my order insured?", "Will I get an order confirmation?",
        "Can I order as a gift?", "What happens after I order?", "Can I pay my order by invoice?",
        "What does shipping cost for an order of 50 CHF?", "How long does delivery take?",
        "Do you ship to Norway?", "How do I return a parcel?", "Who delivers the parcels?",
        "Kann ich telefonisch bestellen?", "Wie kann ich bestellen?",
        "Kann ich meine Bestellung zurückgeben?", "Comment passer commande ?",
        "Puis-je commander par téléphone ?", "¿Cómo hago un pedido?",
        "¿Puedo pedir por teléfono?", "Come faccio a ordinare?", "Kan ik telefonisch bestellen?",
        "Posso encomendar por telefone?", "Как сделать заказ?", "Jak złożyć zamówienie?",
        "Nasıl sipariş veririm?", "怎么下单？", "電話で注文できますか？",
        "هل يمكنني الطلب عبر الهاتف؟", "전화로 주문할 수 있나요?", "สั่งซื้อทางโทรศัพท์ได้ไหม",
        "Kan jeg bestille på telefon?", "Hvordan bestiller jeg?", "Kan jeg returnere min ordre?",
        "Hvor lang tid tager leveringen?", "Kan man betala min beställning mot faktura?",
        "Hur lång tid tar leveransen?", "Hur lägger jag en beställning?",
        "Jak si mohu objednat?", "Mohu vrátit objednávku?", "Jak dlouho trvá doručení?",
        "Mohu objednat telefonicky?", "Cum pot plasa o comandă?", "Pot returna comanda mea?",
        "Cât durează livrarea?", "Pot comanda prin telefon?", "Var ligger butiken?",
        "Vad betyder orderstatus behandlas?", "Do kdy mohu zrušit objednávku?",
        "Як зробити замовлення?", "Voinko tilata puhelimitse?", "Unde este magazinul?",
        "Hello", "Who is the pope?",
    ],
}  # fmt: skip
# By words alone, in the language of the title and the description.
BY_WORDS = {
    STATUS: ["order status", "status of order 10023 please", "Where is my order 10023?"],
    CANCEL: ["cancel my order", "Can you cancel order 10024?", "Please cancel my order"],
    NONE: WISHES[NONE],
}


def preset(name: str) -> ActionSpec:
    made = PRESETS[name]
    return ActionSpec(
        id=name, name=name, title=made["title"], description=made["description"], kind="http",
        method="POST", url="https://shop.test/", risk=made["risk"], version="1",
        parameters=tuple(map(parameter_of, made["parameters"])),
    )  # fmt: skip


async def wrong(loaded: LoadedReply, wishes: dict[str, list[str]]) -> list[tuple[str, str]]:
    """The messages that begin another form than they should, with what was answered."""
    found = []
    for title, texts in wishes.items():
        for text in texts:
            request = replace(loaded.request, messages=(ChatMessage("user", text),))
            answer, _ = await collect(replace(loaded, request=request))
            begun = next((t for t in (STATUS, CANCEL) if answer.startswith(t)), NONE)
            if begun != title:
                found.append((text, answer))
    return found


def reply(*actions: ActionSpec) -> LoadedReply:
    loaded = make_reply(model="builtin:knowledge", knowledge=SHOP)
    return replace(loaded, request=replace(loaded.request, actions=actions))


@pytest.mark.django_db(transaction=True)
async def test_only_a_wish_begins_a_form_in_every_language(settings: Settings) -> None:
    settings.MEANING = True
    loaded = reply(preset("order_status"), preset("cancel_order"))
    assert await asyncio.to_thread(whole_knowledge, loaded.request, 300)
    assert await wrong(loaded, WISHES) == []


async def test_only_a_wish_begins_a_form_by_words_alone() -> None:
    loaded = reply(preset("order_status"), preset("cancel_order"))
    assert await wrong(loaded, BY_WORDS) == []


async def test_title_of_one_word_leaves_questions_to_the_knowledge() -> None:
    action = replace(preset("order_status"), title="Returns", description="")
    loaded = reply(action)
    for text, expected in (
        ("Returns", "Returns: please enter"),
        ("What about returns?", "Returns: please enter"),
        ("Can I print the label for returns at the post office?", "Print the label"),
    ):
        request = replace(loaded.request, messages=(ChatMessage("user", text),))
        answer, _ = await collect(replace(loaded, request=request))
        assert expected in answer


@pytest.mark.django_db(transaction=True)
async def test_action_about_a_general_subject_is_still_found(settings: Settings) -> None:
    settings.MEANING = True
    action = replace(
        preset("order_status"), title="Return an order",
        description="Register a return. I want to send something back.",
    )  # fmt: skip
    loaded = reply(action)
    assert await asyncio.to_thread(whole_knowledge, loaded.request, 300)
    for text in ("I want to return my order", "return order 10023", "Je veux retourner ma commande",
                 "Ich möchte etwas zurückschicken"):  # fmt: skip
        request = replace(loaded.request, messages=(ChatMessage("user", text),))
        answer, _ = await collect(replace(loaded, request=request))
        assert answer.startswith(action.title), text
