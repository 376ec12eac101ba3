"""Actions without a model: the built-in search asks for the values and calls."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from loquent.agents.actions.spec import ActionParameter, ActionSpec
from loquent.agents.tests.replies import collect, make_reply
from loquent.agents.types import ChatMessage, Passage, ReplyEnd
from loquent.testing.receiver import Receiver

NUMBER = ActionParameter("order_number", description="your order number", pattern="[0-9]{4,8}")
EMAIL = ActionParameter("email", description="your email address", pattern="[^@ ]+@[^@ ]+")
SHIPPING = Passage("Shipping", "Shipping costs 5 euros.", "https://shop.test/shipping", "1")
ASK_NUMBER = "Order status: please enter your order number."
ASK_EMAIL = "Order status: please enter your email address."


@pytest.fixture
def shop(local_actions: None) -> Iterator[Receiver]:
    with Receiver() as receiver:
        body = json.dumps({"status": "sent", "eta": "Friday"}).encode()
        receiver.reply = lambda request: (200, {}, body)
        yield receiver


class Chat:
    """A conversation with the offline agent."""

    def __init__(self, *actions: ActionSpec, can_ask_person: bool = False) -> None:
        self.actions = actions
        self.lines: list[ChatMessage] = []
        self.end = ReplyEnd()
        self._can_ask_person = can_ask_person

    async def say(self, text: str) -> str:
        self.lines.append(ChatMessage("user", text))
        loaded = make_reply(
            self.lines, model="builtin:knowledge", knowledge=[SHIPPING],
            can_ask_person=self._can_ask_person,
        )  # fmt: skip
        request = replace(loaded.request, actions=self.actions)
        answer, self.end = await collect(replace(loaded, request=request))
        self.lines.append(ChatMessage("assistant", answer))
        return answer


def action(shop: Receiver, **changes: Any) -> ActionSpec:
    spec = ActionSpec(
        id="7c2f3d52-9c53-4d1e-9d63-2d3a6c1c7f10", name="order_status", title="Order status",
        description="Where an order is, and when it arrives.", kind="http", method="GET",
        url=f"http://127.0.0.1:{shop.port}/orders/{{order_number}}", risk="read", version="1",
        parameters=(NUMBER, EMAIL),
    )  # fmt: skip
    return replace(spec, **changes)


async def test_form_asks_for_each_value_and_shows_the_result(shop: Receiver) -> None:
    chat = Chat(action(shop))
    assert await chat.say("Where is my order?") == ASK_NUMBER
    assert await chat.say("I don't know") == f"I can't use that value. {ASK_NUMBER}"
    assert await chat.say("It is 10023, I think.") == ASK_EMAIL
    assert shop.requests == []
    assert await chat.say("jane@example.com") == "Order status:\n\n- Status: sent\n- Eta: Friday"
    [request] = shop.requests
    assert request.path == "/orders/10023?email=jane%40example.com"
    assert chat.end.outcome == "answered"
    # The form is over.
    assert "Shipping costs 5 euros." in await chat.say("What does shipping cost?")


async def test_values_in_the_wish_are_not_asked_for_again(shop: Receiver) -> None:
    chat = Chat(action(shop))
    assert await chat.say("What's the order status of 10023?") == ASK_EMAIL
    await chat.say("jane@example.com")
    assert [request.path for request in shop.requests] == ["/orders/10023?email=jane%40example.com"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What does shipping cost?", "Shipping costs 5 euros."),
        ("Hello", "Hello!"),
        ("Who is the pope?", "I found nothing about that"),
        ("Shipping", "Shipping costs 5 euros."),
    ],
)
async def test_other_messages_are_answered_as_ever(
    shop: Receiver, text: str, expected: str
) -> None:
    assert expected in await Chat(action(shop)).say(text)


async def test_visitor_can_leave_the_form(shop: Receiver) -> None:
    chat = Chat(action(shop), can_ask_person=True)
    await chat.say("Where is my order?")
    assert "Shipping costs 5 euros." in await chat.say("What does shipping cost?")
    await chat.say("Where is my order?")
    await chat.say("I want to talk to a human")
    assert chat.end.wants_person
    chat = Chat(action(shop))
    await chat.say("Where is my order?")
    for _ in range(2):
        assert ASK_NUMBER in await chat.say("no idea")
    assert ASK_NUMBER not in await chat.say("no idea")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (404, "Order status: I found nothing for what you entered."),
        (500, "Order status: I can't look this up right now. Please try again later."),
    ],
)
async def test_failed_lookup_is_told(shop: Receiver, status: int, told: str) -> None:
    shop.reply = lambda request: (status, {}, b"")
    chat = Chat(action(shop, parameters=(NUMBER,)))
    assert await chat.say("Order status of 10023") == told
    assert chat.end.outcome == "no_answer"


async def test_change_is_proposed_and_not_made(shop: Receiver) -> None:
    chat = Chat(action(shop, title="Cancel order", risk="write", parameters=(NUMBER,)))
    assert await chat.say("Please cancel order 10023") == "Please check and confirm: Cancel order"
    assert chat.end.proposal is not None
    assert chat.end.proposal.arguments == {"order_number": "10023"}
    assert shop.requests == []


async def test_another_wish_begins_another_form(shop: Receiver) -> None:
    cancel = action(shop, id="8c2f3d52-9c53-4d1e-9d63-2d3a6c1c7f10", title="Cancel order",
                    name="cancel", risk="write", parameters=(NUMBER,))  # fmt: skip
    chat = Chat(action(shop), cancel)
    assert await chat.say("Where is my order?") == ASK_NUMBER
    assert await chat.say("Please cancel order 10023") == "Please check and confirm: Cancel order"


async def test_few_values_are_offered_as_buttons(shop: Receiver) -> None:
    size = ActionParameter("size", description="your size", enum=("S", "M", "L"))
    chat = Chat(action(shop, url=f"http://127.0.0.1:{shop.port}/sizes", parameters=(size,)))
    await chat.say("order status")
    assert [choice["message"] for choice in chat.end.choices] == ["S", "M", "L"]
    await chat.say("m")
    assert [request.path for request in shop.requests] == ["/sizes?size=M"]


async def test_form_speaks_the_visitors_language(shop: Receiver) -> None:
    chat = Chat(
        action(shop, title="Bestellstatus", parameters=(
            ActionParameter("order_number", description="Bestellnummer", pattern="[0-9]+"),
        ))
    )  # fmt: skip
    asked = await chat.say("Ich möchte bitte gerne den Bestellstatus wissen")
    assert asked == "Bestellstatus: Bitte geben Sie Folgendes ein: Bestellnummer."
    assert await chat.say("weiß ich nicht") == (f"Diese Angabe kann ich nicht verwenden. {asked}")
    await chat.say("10023")
    assert len(shop.requests) == 1
