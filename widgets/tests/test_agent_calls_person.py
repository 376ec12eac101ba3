"""The agent calls a person: by its tool, or because the visitor says so to the offline agent."""

import pytest

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits, kinds
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.handoff.visitor import ask_person
from widgets.tests.sharing import only_session


@pytest.mark.promise(5)
@pytest.mark.parametrize("text", ["", "One moment."])
async def test_call_of_the_model_hands_over_in_the_turns_transaction(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, text: str
) -> None:
    socket = await visit.opened(widget)
    await socket.say("I have to change my order.")
    answer = await scripted.asked()
    assert answer.request.can_ask_person
    answer.end(*filter(None, [text]), wants_person=True)
    frames = await socket.until("typing_stop")
    frames += await socket.until("message")
    expected = ["ack", "typing_start", *(["delta", "message"] if text else []), "typing_stop"]
    assert kinds(frames) == [*expected, "message"]
    assert (frames[-1]["kind"], frames[-1]["seq"]) == ("notice", 3 if text else 2)
    session = await in_database(only_session)
    assert (session.handler, session.wanted_reason) == ("team", "agent")
    asked = await in_database(lambda: WidgetMessage.objects.get(seq=1))
    if not text:
        # Neither answered nor failed: a person will answer it.
        assert (asked.turn_status, session.waiting_since) == ("", asked.created_at)
    await socket.say("Hello?")
    assert kinds(await socket.drained()) == ["ack"]


async def test_base_visitor_reads_the_line_after_a_call_without_text(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget, v2=False)
    await socket.say("I have to change my order.")
    (await scripted.asked()).end(wants_person=True)
    frames = await socket.until("message")
    assert kinds(frames)[-3:] == ["typing_stop", "typing_start", "message"]
    assert await in_database(lambda: WidgetSession.objects.get().handler) == "team"


async def test_call_is_offered_only_while_it_means_something(
    acme: Organization,
    widget: WidgetConfig,
    visit: Visits,
    scripted: ScriptedBackend,
    transactional_db: None,
) -> None:
    agent = await in_database(lambda: make_agent(acme, model="test:any"))
    alone = await in_database(lambda: make_widget(acme, agent=agent, handoff_enabled=False))
    socket = await visit.opened(alone)
    await socket.say("Hi")
    answer = await scripted.asked()
    assert not answer.request.can_ask_person
    answer.end("Hello.", wants_person=True)
    await socket.until("typing_stop")
    assert await in_database(lambda: WidgetSession.objects.get().handler) == "agent"
    # Out of hours the wish is noted once, and the visitor is told whenever the agent says nothing.
    await in_database(
        lambda: Organization.objects.filter(id=acme.id).update(business_hours={"mon": []})
    )
    other = await visit.opened(widget)
    session = await in_database(lambda: WidgetSession.objects.get(widget=widget))
    await in_database(ask_person, session_id=session.id)
    await in_database(session.refresh_from_db)
    assert session.follow_up
    await other.say("Hi")
    answer = await scripted.asked()
    answer.end(wants_person=True)
    await other.until("typing_stop")
    line = (await other.until("message"))[-1]
    assert (line["kind"], line["content"][:21]) == ("notice", "The team is away righ")
    await in_database(session.refresh_from_db)
    assert (session.handler, session.follow_up, session.revision) == ("agent", True, 1)


@pytest.mark.parametrize(
    "wish",
    [
        "Can I talk to a human please?",
        "Ich möchte mit einem Mitarbeiter sprechen",
        "Je voudrais parler à un conseiller",
        "Quiero hablar con una persona",
        "请转人工客服",
        "担当者と話したいです",
    ],
)
async def test_offline_agent_hands_over_at_a_wish(
    acme: Organization, visit: Visits, wish: str, transactional_db: None
) -> None:
    widget = await in_database(lambda: make_widget(acme, handoff_enabled=True))
    socket = await visit.opened(widget)
    await socket.say(wish)
    frames = await socket.until("typing_stop")
    frames += await socket.until("message")
    # Not the sentence that nobody can be reached here.
    assert [f["kind"] for f in frames if f["type"] == "message"] == ["notice"]
    session = await in_database(only_session)
    assert (session.handler, session.wanted_reason) == ("team", "asked")
