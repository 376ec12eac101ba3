"""What visitors see of the team's work: every message and line, live and later; never a note."""

import json
from typing import Any

import pytest
from django.core import mail

from contacts.models import Contact
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Frame, Visits, kinds
from loquent.webhooks.models import WebhookEvent
from loquent.webhooks.services.endpoints import create_endpoint
from loquent.webhooks.texts import read_text
from widgets.models import ConversationNote, WidgetConfig, WidgetSession
from widgets.services.erasure import erase_contact, export_contact
from widgets.services.overview import count_figures
from widgets.services.transcripts import conversation_record, record_text
from widgets.tests.desk import Api, Desk

SECRET = "Pays late, code 7f3a"
STEPS = (
    "ask", "take", "say", "reply", "assign:ben", "release", "steal:ana", "reply", "hand_back",
    "say", "ask", "reply:ben", "resolve", "say",
)  # fmt: skip


@pytest.fixture
async def desk(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, api: Api, acme: Organization
) -> Desk:
    await in_database(
        lambda: create_endpoint(
            organization=acme,
            data={"url": "https://x.com/", "events": ["*"], "include_text": True},
        )
    )
    return await Desk.opened(await visit.opened(widget), scripted, api, acme)


@pytest.mark.promise(23)
async def test_note_is_in_nothing_that_visitors_and_models_get(
    desk: Desk, visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, acme: Organization
) -> None:
    base = await visit.opened(widget, v2=False, token=desk.socket.token)
    contact = await in_database(
        lambda: Contact.objects.create(organization=acme, email="jane@example.com")
    )
    await in_database(lambda: WidgetSession.objects.update(contact=contact))
    for step in STEPS:
        note = await desk.post(desk.members["ana"], "notes", {"content": f"{SECRET} {step}"})
        assert note.status_code == 201
        await desk.run(step)
    frames: list[Any] = [*desk.frames, *(await base_frames(base, desk))]
    back = await visit(widget, token=desk.socket.token)
    frames += await back.until("history")
    session = await desk.read()

    def outside() -> list[Any]:
        events = list(WebhookEvent.objects.all())
        record = conversation_record(session=session)
        return [
            [event.data for event in events],
            [read_text(event.type, event.data) for event in events],
            export_contact(contact=contact),
            record,
            record_text(record),
            [message.body for message in mail.outbox],
            [[line.content for line in request.messages] for request in scripted.requests],
        ]

    everything = [frames, await in_database(outside)]
    assert SECRET not in json.dumps(everything, default=str)
    assert await in_database(session.notes.count) == len(STEPS)
    await in_database(lambda: erase_contact(contact_id=contact.id, requested_by="Ana"))
    assert await in_database(ConversationNote.objects.count) == 0


async def base_frames(base: Any, desk: Desk) -> list[Frame]:
    """Return what a base socket has received up to the newest line."""
    newest = (await desk.lines())[-1]
    frames: list[Frame] = []
    while not frames or frames[-1].get("content") != newest:
        frames.append(await base.receive())
    return frames


@pytest.mark.promise(24)
async def test_base_client_sees_the_same_live_and_in_its_history(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, api: Api, acme: Organization
) -> None:
    base = await visit.opened(widget, v2=False)
    other = await visit.opened(widget, token=base.token)
    desk = await Desk.opened(other, scripted, api, acme)
    await desk.run("ask", "take", "say", "reply", "reply", "release", "reply:ben", "hand_back")
    frames = await base_frames(base, desk)
    shown = [frame["content"] for frame in frames if frame["type"] == "message"]
    history = (await (await visit(widget, v2=False, token=base.token)).until("history"))[-1]
    # The agent's answers are for the socket that began them.
    told = [line["content"] for line in history["messages"] if line["role"] == "assistant"]
    assert shown == [text for text in told if text != "Hello."]
    assert len(shown) == len(await desk.lines()) + 3
    expected = ["typing_start", "message", "typing_stop"] * len(shown)
    assert kinds(frames) == expected[: len(frames)]
    assert {frozenset(line) for line in history["messages"]} == {frozenset(("role", "content"))}


async def test_exports_and_reports_tell_who_spoke(desk: Desk, acme: Organization) -> None:
    await desk.run("ask", "reply", "say", "reply:ana", "hand_back")
    session = await desk.read()
    figures = (
        await in_database(lambda: count_figures(organization=acme, now=session.last_active_at))
    ).total
    assert (figures.answered, figures.by_people, figures.handed_over) == (1, 2, 1)
    assert (figures.failed, figures.no_answer) == (0, 0)
    assert session.outcome == "handed_over"
    text = await in_database(lambda: record_text(conversation_record(session=session)))
    assert (text.count("] ana (team):"), text.count("] Notice:")) == (2, 3)
    rows = await in_database(
        lambda: (
            desk.api(desk.members["ana"])
            .get(f"/api/v1/sessions/{session.id}/messages/")
            .data["results"]
        )
    )
    spoken = [(row["role"], (row["author"] or {}).get("name"), row["kind"]) for row in rows]
    assert spoken == [
        ("user", None, "text"),
        ("assistant", None, "text"),
        ("assistant", None, "notice"),
        ("assistant", None, "notice"),
        ("staff", "ana", "text"),
        ("user", None, "text"),
        ("staff", "ana", "text"),
        ("assistant", None, "notice"),
    ]
