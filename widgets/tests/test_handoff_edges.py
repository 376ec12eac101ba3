"""The edges of transitions: what refuses them, what they leave alone, how long they wait."""

import asyncio
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from loquent.db.threads import in_database
from loquent.organizations.models import Membership, Organization, Role
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits, kinds
from widgets.chat import consumers
from widgets.chat.protocol import CloseCode
from widgets.chat.supervisor import supervisor
from widgets.models import ConversationEvent, WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.handoff import staff, timers
from widgets.services.handoff.state import conversation_state
from widgets.services.handoff.visitor import ask_person
from widgets.services.history import LoadedChat, load_chat
from widgets.services.sessions import create_widget_session
from widgets.tests.desk import Api, Desk

HOUR = timedelta(hours=1)


@pytest.fixture
async def desk(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, api: Api, acme: Organization
) -> Desk:
    return await Desk.opened(await visit.opened(widget), scripted, api, acme)


async def test_refused_transition_leaves_the_answer_alone(
    desk: Desk, scripted: ScriptedBackend
) -> None:
    first = await desk.run("reply")
    await desk.run("hand_back")
    await in_database(lambda: WidgetConfig.objects.update(handoff_enabled=False))
    scripted.automatic = None
    await desk.socket.say("And the other one?")
    answer = await scripted.asked()
    answer.say("The other ")
    await desk.socket.until("delta")
    ana = desk.members["ana"]
    for action, body in (
        ("take-over", {}),
        ("reply", {"content": "No"}),
        ("assign", {"member": await desk.member_id("ben")}),
    ):
        assert (await desk.post(ana, action, body)).status_code == 409, action
    await desk.socket.send({"type": "ask_person"})
    assert (await desk.socket.until("error"))[-1]["code"] == "person_unavailable"
    await in_database(lambda: WidgetConfig.objects.update(handoff_enabled=True))
    await in_database(
        lambda: WidgetMessage.objects.filter(role="staff").update(client_message_id="k")
    )
    again = await desk.post(
        ana, "reply", {"content": "It is on its way.", "client_message_id": "k"}
    )
    assert (again.status_code, again.data["id"]) == (200, first.data["id"])
    stale = await desk.post(ana, "reply", {"content": "No", "revision": 0})
    assert (stale.status_code, stale.data["code"]) == (409, "stale")
    answer.end("one left.")
    assert (await desk.socket.until("message"))[-1]["content"] == "The other one left."


async def test_people_finish_what_they_have_when_hand_off_is_turned_off(desk: Desk) -> None:
    await desk.run("ask", "take", "say")
    await in_database(lambda: WidgetConfig.objects.update(handoff_enabled=False))
    for step in ("reply", "assign:ben", "release"):
        assert (await desk.run(step)).status_code in (200, 201), step
    await desk.run("ask_agent")
    assert (await desk.read()).handler == "agent"
    assert not (await desk.shown("agent", "open"))["can_ask_person"]


async def test_stop_and_regenerate_while_a_person_has_it(desk: Desk) -> None:
    await desk.run("take")
    await desk.shown("person", "open", "ana")
    answer = await in_database(WidgetMessage.objects.get, role="assistant", kind="text")
    await desk.socket.send({"type": "stop"})
    assert await desk.socket.drained() == []
    await desk.socket.send({"type": "regenerate", "message_id": str(answer.id)})
    assert [frame["code"] for frame in await desk.socket.drained()] == ["forbidden"]
    await desk.socket.send({"type": "ask_agent"})
    assert [frame["code"] for frame in await desk.socket.drained()] == ["forbidden"]


async def test_socket_is_not_idle_while_people_have_the_conversation(
    desk: Desk, settings: Settings
) -> None:
    await desk.run("ask")
    await desk.shown("team", "open")
    settings.LIMITS = settings.LIMITS.__class__(idle_seconds=0.01)
    await asyncio.sleep(0.05)
    await supervisor.end_idle()
    await desk.run("hand_back")
    await desk.shown("agent", "open")
    await supervisor.end_idle()
    assert await desk.socket.closed() == CloseCode.IDLE


async def test_claim_after_a_long_wait_has_the_whole_time_for_an_answer(desk: Desk) -> None:
    await desk.run("ask")
    long_ago = timezone.now() - 5 * HOUR
    await in_database(lambda: WidgetSession.objects.update(waiting_since=long_ago))
    for step, timer in (("take", "h1"), ("release", "w1"), ("assign:ben", "h1")):
        await desk.run(step)
        session = await desk.read()
        assert (session.waiting_since, session.due_kind) == (long_ago, timer)
        assert session.due_at is not None
        assert session.due_at > timezone.now() + timedelta(seconds=60)


async def test_one_person_is_not_late_out_of_hours(desk: Desk) -> None:
    await desk.run("take", "say")
    tomorrow = timezone.now() + timedelta(days=1)
    hours = {f"{tomorrow:%a}".lower(): [["09:00", "18:00"]]}
    await in_database(
        lambda: Organization.objects.update(business_hours=hours, timezone="Europe/Zurich")
    )
    await desk.run("fire")
    session = await desk.read()
    assert (session.handler, session.due_kind) == ("person", "h1")
    state = await in_database(conversation_state, session_id=session.id)
    assert state.back_at is not None
    assert session.due_at is not None
    # Ten minutes after the opening.
    assert f"{session.due_at:%Y-%m-%dT%H}" == state.back_at[:13]
    assert f"{session.due_at:%M}" == "10"


async def test_present_member_keeps_the_conversation(desk: Desk) -> None:
    await desk.run("take", "say")
    await in_database(lambda: Membership.objects.update(seen_at=timezone.now()))
    await desk.run("fire")
    session = await desk.read()
    assert (session.handler, session.due_kind) == ("person", "h1")
    await in_database(lambda: Membership.objects.update(seen_at=timezone.now() - HOUR))
    await desk.run("fire")
    assert (await desk.read()).handler == "team"


async def test_resolved_conversation_of_an_absent_member_opens_with_the_team(desk: Desk) -> None:
    await desk.run("reply", "resolve")
    await in_database(lambda: Membership.objects.update(is_away=True))
    await desk.run("say")
    session = await desk.read()
    assert (session.handler, session.status, session.due_kind) == ("team", "open", "w1")


async def test_lists_of_the_inbox(
    desk: Desk, widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loquent.rest.errors.NewestFirstPagination.page_size", 2)
    await desk.run("ask")

    def make(**columns: object) -> str:
        session, _ = create_widget_session(widget=widget)
        WidgetSession.objects.filter(id=session.id).update(**columns)
        return str(session.id)

    now = timezone.now()
    first = await in_database(lambda: make(handler="team", waiting_since=now - 3 * HOUR))
    second = await in_database(lambda: make(follow_up=True, waiting_since=now - 2 * HOUR))
    quiet = await in_database(lambda: make(handler="team"))
    # The agent has it, so nobody of the team has to answer.
    await in_database(lambda: make(waiting_since=now - HOUR))
    own = str((await desk.read()).id)
    client = await in_database(desk.api, desk.members["ana"])

    def listed(query: str) -> list[str]:
        found: list[str] = []
        path: str | None = f"/api/v1/sessions/?{query}"
        while path:
            page = client.get(path)
            assert page.status_code == 200, page.data
            found += [row["id"] for row in page.data["results"]]
            path = page.data["next"]
        return found

    async def ids(query: str) -> list[str]:
        return await in_database(lambda: listed(query))

    assert await ids("waiting=true&ordering=waiting_since") == [first, second, own]
    assert await ids("waiting=true&ordering=-waiting_since") == [own, second, first]
    assert len(await ids("ordering=waiting_since")) == 4
    assert set(await ids("waiting=false&handler=team")) == {quiet}
    assert await ids("assignee=me") == []
    await desk.run("take")
    assert await ids("assignee=me") == [own]
    assert await ids(f"assignee={await desk.member_id('ana')}&status=open") == [own]
    assert own not in await ids("assignee=none")
    for query in ("assignee=ana", "handler=boss", "status=done", "waiting=1"):
        answer = await in_database(client.get, f"/api/v1/sessions/?{query}")
        assert (answer.status_code, list(answer.data["fields"])) == (400, [query.split("=")[0]])


async def test_quiet_conversation_with_an_open_question_is_not_resolved(desk: Desk) -> None:
    await desk.run("reply", "hand_back")
    # The visitor was there an hour ago, so it is not quiet yet.
    past = timezone.now() - timedelta(seconds=1)
    await in_database(lambda: WidgetSession.objects.update(due_at=past, last_active_at=past - HOUR))
    await in_database(timers.fire_due_timers)
    session = await desk.read()
    assert (session.status, session.due_kind) == ("open", "a1")
    assert session.due_at is not None
    assert session.due_at > timezone.now() + 22 * HOUR


def test_timer_that_fails_does_not_stop_the_others(
    widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, _ = create_widget_session(widget=widget)
    other, _ = create_widget_session(widget=widget)
    past = timezone.now() - HOUR
    WidgetSession.objects.update(
        handler="team", waiting_since=past, due_at=past, due_kind="w1", language="de"
    )
    WidgetSession.objects.filter(id=broken.id).update(due_at=past - HOUR)
    fire = timers._fire

    def fail(session_id: object) -> bool:
        if session_id == broken.id:
            raise RuntimeError("broken")
        return fire(other.id)

    monkeypatch.setattr(timers, "_fire", fail)
    assert timers.fire_due_timers() == 1
    assert timers.fire_due_timers() == 0
    line = WidgetMessage.objects.get(session=other, kind="notice").content
    assert line.startswith("Es dauert länger")


@pytest.mark.parametrize(
    ("waits", "expected"),
    [
        ([], None),
        ([0, 299], "minutes"),
        ([10, 301, 5_000], "hour"),
        ([3_601, 3_700], "hours"),
        ([30_000], "day"),
    ],
)
async def test_expected_time_is_the_median_of_what_visitors_waited(
    desk: Desk, waits: list[int], expected: str | None
) -> None:
    session = await desk.read()

    def wait() -> None:
        for seconds in waits:
            ConversationEvent.objects.create(
                session=session, kind="taken_over", waited_seconds=seconds
            )

    await in_database(wait)
    await desk.run("ask")
    assert (await desk.shown("team", "open"))["expected"] == expected


async def test_wait_ends_with_the_first_message_of_a_person(desk: Desk) -> None:
    await desk.run("ask")
    asked_at = timezone.now() - 2 * HOUR
    await in_database(lambda: WidgetSession.objects.update(waiting_since=asked_at))
    await desk.run("take", "reply", "say", "reply")
    claim = await in_database(ConversationEvent.objects.get, kind="taken_over")
    assert claim.waited_seconds in range(7_200, 7_300)


async def test_email_for_replies_is_told_and_limited(desk: Desk) -> None:
    await desk.run("ask")
    assert not (await desk.shown("team", "open"))["reply_email"]
    for number in range(6):
        await desk.socket.send({"type": "reply_email", "email": f"jane{number}@example.com"})
        desk.frames += await desk.socket.drained()
    assert kinds(desk.frames).count("reply_email_saved") == 5
    [error] = [frame for frame in desk.frames if frame["type"] == "error"]
    assert error["code"] == "rate_limited"
    assert (await desk.shown("team", "open"))["reply_email"]
    assert (await desk.read()).reply_email == "jane4@example.com"


async def test_survey_is_offered_after_a_person_resolved(desk: Desk) -> None:
    await desk.run("take", "resolve")
    assert not (await desk.shown("person", "resolved", "ana"))["survey"]
    await desk.run("reply", "resolve")
    while not (await desk.shown("person", "resolved", "ana"))["survey"]:
        desk.frames.append(await desk.socket.receive())
    for bad in ({}, {"score": 0}, {"score": 6}, {"score": "5"}, {"score": 5, "comment": 7}):
        await desk.socket.send({"type": "survey", **bad})
        assert [f["code"] for f in await desk.socket.drained()] == ["invalid_frame"], bad
    await desk.socket.send({"type": "survey", "score": 4, "comment": "Nice\x00!"})
    assert kinds(await desk.socket.until("survey_saved"))[-1] == "survey_saved"
    session = await desk.read()
    assert (session.survey_score, session.survey_comment) == (4, "Nice!")


async def test_visitor_who_goes_back_and_forth_is_slowed_down(
    desk: Desk, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, ask_person_per_hour=2)
    await desk.run("ask", "ask", "ask_agent", "ask", "ask", "ask_agent")
    lines = await desk.lines()
    await desk.socket.send({"type": "ask_person"})
    error = (await desk.socket.until("error"))[-1]
    assert (error["code"], error["retry_after"] > 0) == ("rate_limited", True)
    assert (await desk.read()).handler == "agent"
    assert await desk.lines() == lines
    assert (await desk.events()).count("asked") == 2


@pytest.mark.parametrize("lost", ["demote", "leave"])
async def test_member_who_loses_the_right_meanwhile_gets_no_conversation(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    def lose(*_: object, **__: object) -> None:
        """While the request waits for the end of an answer."""
        for member in Membership.objects.filter(user=desk.members["ben"]):
            if lost == "leave":
                member.delete()
            else:
                member.role = Role.VIEWER
                member.save()

    body = {"member": await desk.member_id("ben")}
    monkeypatch.setattr(staff, "stop_answer", lose)
    response = await desk.post(desk.members["ana"], "assign", body)
    assert (response.status_code, response.data["code"]) == (403, "forbidden")
    assert (await desk.read()).handler == "agent"


async def test_change_while_a_socket_opens_is_shown(
    desk: Desk, visit: Visits, widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()

    def read_before_the_change(*, session_id: uuid.UUID, **how: Any) -> LoadedChat:
        chat = load_chat(session_id=session_id, **how)
        ask_person(session_id=session_id)
        # The sockets of this process hear of it before this one has its history.
        for _ in range(5):
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()
        return chat

    monkeypatch.setattr(consumers, "load_chat", read_before_the_change)
    await desk.socket.leave()
    tab = await visit(widget, token=desk.socket.token)
    tab.shows_conversation = True
    handlers = [(await tab.until("conversation"))[-1]["handler"] for _ in range(2)]
    assert handlers == ["agent", "team"]
