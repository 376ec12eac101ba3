"""Since when a visitor waits, as REST tells it, whoever has the conversation."""

from datetime import timedelta

import pytest
from django.utils import timezone

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.handoff.timers import fire_due_timers
from widgets.tests.desk import Api, Desk
from widgets.tests.sharing import only_session


async def waited_message(desk: Desk) -> int | None:
    """Return the `seq` of the message that the visitor waits for, as a list and a detail tell."""
    caller = desk.members["ana"]
    session = await in_database(lambda: WidgetSession.objects.latest("created_at"))

    def read() -> set[str | None]:
        client = desk.api(caller)
        detail = client.get(f"/api/v1/sessions/{session.id}/").json()
        listed = client.get("/api/v1/sessions/").json()["results"]
        return {detail["waiting_since"], listed[0]["waiting_since"]}

    [since] = await in_database(read)
    if since is None:
        return None
    rows = WidgetMessage.objects.filter(session=session, role="user", created_at=since)
    return await in_database(lambda: rows.get().seq)


@pytest.fixture
async def desk(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, api: Api, acme: Organization
) -> Desk:
    desk = await Desk.opened(await visit.opened(widget), scripted, api, acme)
    scripted.automatic = None
    return desk


async def test_visitor_waits_until_the_agent_has_finished_an_answer(
    desk: Desk, scripted: ScriptedBackend
) -> None:
    socket = desk.socket
    assert await waited_message(desk) is None
    await socket.say("Where is it?")
    answer = await scripted.asked()
    assert await waited_message(desk) == 3
    answer.say("It is ")
    await socket.say("And the other one?")
    await socket.until("ack")
    assert await waited_message(desk) == 3
    answer.end("here.")
    second = await scripted.asked()
    assert await waited_message(desk) == 4
    # A failure is no answer, and the next answer is one for both.
    second.fail()
    await socket.until("typing_stop")
    assert await waited_message(desk) == 4
    await socket.say("Hello?")
    third = await scripted.asked()
    assert await waited_message(desk) == 4
    third.end("Hi.")
    await socket.until("typing_stop")
    assert await waited_message(desk) is None


async def test_visitor_does_not_wait_in_a_conversation_that_is_over(
    desk: Desk, scripted: ScriptedBackend
) -> None:
    await desk.socket.say("Where is it?")
    (await scripted.asked()).fail()
    await desk.socket.until("typing_stop")
    assert await waited_message(desk) == 3
    await desk.run("resolve")
    assert await waited_message(desk) is None
    await desk.run("reopen")
    assert await waited_message(desk) == 3
    await desk.run("reply")
    assert await waited_message(desk) is None
    await desk.run("hand_back")
    assert await waited_message(desk) is None


async def test_only_conversations_of_people_are_listed_as_waiting(
    desk: Desk, scripted: ScriptedBackend
) -> None:
    async def listed(value: str) -> int:
        path = f"/api/v1/sessions/?waiting={value}"
        response = await in_database(lambda: desk.api(desk.members["ana"]).get(path))
        return len(response.json()["results"])

    await desk.socket.say("Where is it?")
    (await scripted.asked()).fail()
    await desk.socket.until("typing_stop")
    assert (await listed("true"), await listed("false")) == (0, 1)
    await desk.run("ask")
    assert (await listed("true"), await listed("false")) == (1, 0)
    # As in the inbox, not while it is hidden.
    await desk.run("snooze")
    assert (await listed("true"), await listed("false")) == (0, 1)


async def test_conversation_is_not_resolved_while_its_visitor_waits_for_the_agent(
    desk: Desk, scripted: ScriptedBackend
) -> None:
    await desk.run("reply", "hand_back")
    await desk.socket.say("Where is it?")
    (await scripted.asked()).fail()
    await desk.socket.until("typing_stop")
    past = timezone.now() - timedelta(seconds=1)
    long_ago = past - timedelta(days=2)
    await in_database(lambda: WidgetSession.objects.update(due_at=past, last_active_at=long_ago))
    await in_database(fire_due_timers)
    session = await desk.read()
    assert (session.status, session.due_kind) == ("open", "a1")
    assert session.due_at is not None
    assert session.due_at > past


async def test_visitor_is_told_if_hand_off_was_turned_off_during_the_call(
    desk: Desk, scripted: ScriptedBackend
) -> None:
    for number, text in enumerate(("", "I ask the team.")):
        await desk.socket.say("I have to change my order.")
        answer = await scripted.asked()
        await in_database(lambda: WidgetConfig.objects.update(handoff_enabled=False))
        answer.end(*filter(None, [text]), wants_person=True)
        frames = await desk.socket.until("typing_stop") + await desk.socket.until("message")
        assert frames[-1]["kind"] == "notice"
        assert frames[-1]["content"].startswith("You can’t talk to a person")
        assert (await in_database(only_session)).handler == "agent"
        assert len(await desk.lines()) == number + 1
        await in_database(lambda: WidgetConfig.objects.update(handoff_enabled=True))


TOLD = "(The team has handed the conversation back to the assistant.)"


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("", ["Where is my parcel?", "Hello."]),
        ("close ask", ["Where is my parcel?", "Hello."]),
        ("ask ask_agent", ["Where is my parcel?", "Hello.", TOLD]),
        ("take hand_back", ["Where is my parcel?", "Hello.", TOLD]),
        (
            "reply hand_back",
            ["Where is my parcel?", "Hello.", "ana (team): It is on its way.", TOLD],
        ),
        ("take hand_back take hand_back", ["Where is my parcel?", "Hello.", TOLD]),
        (
            "reply resolve late",
            ["Where is my parcel?", "Hello.", "ana (team): It is on its way.", TOLD],
        ),
        (
            "take hand_back say",
            ["Where is my parcel?", "Hello.", TOLD, "Where is my parcel?", "Hello."],
        ),
    ],
)
async def test_model_reads_once_that_people_have_left(
    desk: Desk, scripted: ScriptedBackend, steps: str, told: list[str]
) -> None:
    scripted.automatic = ("Hello.",)
    await desk.run(*steps.split())
    await desk.run("say")
    messages = scripted.requests[-1].messages
    assert [message.content for message in messages] == [*told, "Where is my parcel?"]


async def test_model_reads_that_people_have_left_before_a_question_they_left_open(
    desk: Desk, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Hello.",)
    await desk.run("take", "say", "hand_back")
    messages = scripted.requests[-1].messages
    assert [message.content for message in messages][-2:] == [TOLD, "Where is my parcel?"]


async def test_model_reads_it_before_the_first_question(
    desk: Desk, scripted: ScriptedBackend
) -> None:
    await desk.run("new")
    await desk.socket.say("First.")
    await scripted.asked()
    scripted.automatic = ("Hello.",)

    def pass_on() -> None:
        session = WidgetSession.objects.latest("created_at")
        for action in ("take-over", "hand-back"):
            desk.api(desk.members["ana"]).post(f"/api/v1/sessions/{session.id}/{action}/", {})

    await in_database(pass_on)
    await desk.socket.until("typing_stop")
    await desk.socket.until("typing_stop")
    messages = scripted.requests[-1].messages
    assert [message.content for message in messages] == [TOLD, "First."]
