"""A person takes over a conversation, answers in it, and gives it back."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits, kinds
from loquent.testing.waiting import WAIT_SECONDS
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.handoff.timers import fire_due_timers
from widgets.tests.sharing import answered, conversation, only_session, post

Api = Callable[..., APIClient]


@pytest.mark.promise(19)
async def test_take_over_ends_the_answer_and_keeps_its_text(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, api: Api, ana: User
) -> None:
    socket = await visit.opened(widget)
    socket.shows_conversation = True
    await socket.say("Hi")
    answer = await scripted.asked()
    answer.say("Half an ")
    await socket.until("delta")
    response = await in_database(post, api, ana, "take-over")
    assert response.status_code == 200
    assert response.data["handler"] == "person"
    assert response.data["assignee"]["name"] == "ana"
    # Half an answer is none: the visitor waits.
    question = await in_database(WidgetMessage.objects.get, role="user")
    assert response.data["waiting_since"] == question.created_at.isoformat().replace("+00:00", "Z")
    assert not await in_database(WidgetTurn.objects.exists)
    await asyncio.wait_for(answer.closed.wait(), WAIT_SECONDS)
    frames = await socket.until("conversation")
    while frames[-1]["handler"] != "person":
        frames += await socket.until("conversation")
    said = [(f["status"], f["kind"]) for f in frames if f["type"] == "message"]
    assert said == [("stopped", "text"), ("complete", "notice")]
    order = kinds(frames)
    assert order.index("typing_stop") < len(order) - 1 - order[::-1].index("message")
    assert frames[-1]["person"] == {"name": "ana"}
    # The visitor's next message reaches no model.
    await socket.say("Still there?", "c1")
    assert kinds(await socket.drained()) == ["ack"]
    assert not await in_database(WidgetTurn.objects.exists)


async def test_take_over_before_the_first_word_is_no_stop_of_the_visitor(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, api: Api, ana: User
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    await scripted.asked()
    await in_database(post, api, ana, "take-over")
    question = await in_database(WidgetMessage.objects.get, role="user")
    assert question.turn_status == "handed_over"
    assert (await in_database(only_session)).waiting_since == question.created_at


@pytest.mark.promise(24)
async def test_every_socket_sees_a_persons_message_once(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, api: Api, ana: User
) -> None:
    socket = await visit.opened(widget)
    socket.shows_conversation = True
    await answered(socket, scripted)
    base = await visit(widget, v2=False, token=socket.token)
    assert kinds([await base.receive(), await base.receive()]) == ["session", "history"]
    body = {"content": "  It left\x00 today. ", "client_message_id": "r1"}
    first = await in_database(post, api, ana, "reply", body)
    assert (first.status_code, first.data["content"]) == (201, "It left today.")
    assert (first.data["role"], first.data["author"]) == ("staff", {"name": "ana"})
    again = await in_database(post, api, ana, "reply", body)
    assert (again.status_code, again.data["id"]) == (200, first.data["id"])
    frames = await socket.until("message") + await socket.until("message")
    lines = [f for f in frames if f["type"] == "message"]
    assert [(f["role"], f["kind"]) for f in lines] == [("assistant", "notice"), ("staff", "text")]
    assert lines[1]["author"] == {"name": "ana"}
    triples = [await base.receive() for _ in range(6)]
    assert kinds(triples) == ["typing_start", "message", "typing_stop"] * 2
    assert triples[4] == {"type": "typing_stop"} or triples[4]["content"] == "It left today."
    assert {frame["role"] for frame in triples if frame["type"] == "message"} == {"assistant"}
    back = await visit(widget, v2=False, token=socket.token)
    await back.receive()
    history = (await back.receive())["messages"]
    assert [line["content"] for line in history][-2:] == [t["content"] for t in triples[1::3]]
    assert {line["role"] for line in history} == {"user", "assistant"}


async def test_visitor_asks_for_a_person_once(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    socket.shows_conversation = True
    assert (await conversation(socket))["can_ask_person"] is False
    await answered(socket, scripted)
    assert (await conversation(socket))["can_ask_person"] is True
    await socket.send({"type": "ask_person"})
    await socket.send({"type": "ask_person"})
    state = await conversation(socket)
    assert (state["handler"], state["can_ask_agent"]) == ("team", True)
    notices = WidgetMessage.objects.filter(kind="notice")
    assert await in_database(notices.count) == 1
    session = await in_database(only_session)
    assert session.waiting_since is not None
    await socket.send({"type": "ask_agent"})
    assert (await conversation(socket))["handler"] == "agent"


async def test_asking_is_refused_if_hand_off_is_off(
    acme: Organization, visit: Visits, scripted: ScriptedBackend, transactional_db: None
) -> None:
    widget = await in_database(
        lambda: make_widget(acme, agent=make_agent(acme, model="test:any"), handoff_enabled=False)
    )
    socket = await visit.opened(widget)
    socket.shows_conversation = True
    await answered(socket, scripted)
    await socket.send({"type": "ask_person"})
    assert (await socket.until("error"))[-1]["code"] == "person_unavailable"


async def test_hand_back_answers_the_waiting_question(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, api: Api, ana: User
) -> None:
    socket = await visit.opened(widget)
    socket.shows_conversation = True
    await answered(socket, scripted)
    await in_database(post, api, ana, "reply", {"content": "Hello from Ana."})
    await socket.say("And now?")
    await socket.until("ack")
    response = await in_database(post, api, ana, "hand-back")
    assert response.data["handler"] == "agent"
    answer = await scripted.asked()
    told = [(m.role, m.content) for m in answer.request.messages]
    assert ("assistant", "ana (team): Hello from Ana.") in told
    assert told[-1] == ("user", "And now?")
    assert not any("joined" in content for _, content in told)
    answer.end("Yes.")
    assert (await socket.until("typing_stop"))[-2]["content"] == "Yes."


async def test_wish_in_words_hands_over(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    socket.shows_conversation = True
    await socket.say("I want to talk to a human")
    (await scripted.asked()).end("Of course.")
    frames = await socket.until("typing_stop") + await socket.until("message")
    said = [(f["content"], f["kind"]) for f in frames if f["type"] == "message"]
    assert said[0] == ("Of course.", "text")
    assert said[1][1] == "notice"
    assert (await in_database(only_session)).wanted_reason == "asked"


@pytest.mark.promise(22)
@pytest.mark.costly
async def test_waiting_visitor_hears_something_after_w1(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    socket.shows_conversation = True
    await answered(socket, scripted)
    await socket.send({"type": "ask_person"})
    while (await conversation(socket))["handler"] != "team":
        pass
    past = timezone.now() - timedelta(seconds=1)
    await in_database(lambda: WidgetSession.objects.update(due_at=past))
    line = (await socket.until("message"))[-1]
    assert (line["kind"], "longer than usual" in line["content"]) == ("notice", True)
    session = await in_database(only_session)
    assert session.due_kind == "w2"
    assert await in_database(fire_due_timers) == 0
