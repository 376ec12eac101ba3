"""Every transition of a conversation: its state, line, event, webhook and timer."""

import pytest
from jsonschema import Draft202012Validator

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from loquent.webhooks.api.openapi import add_webhooks
from loquent.webhooks.models import WebhookEvent
from loquent.webhooks.services.endpoints import create_endpoint
from widgets.models import WidgetConfig
from widgets.tests.desk import Api, Desk

# Name: the steps; then handler, status, who has it, whether the visitor waits, and the next timer;
# then the last step's event and the beginning of its line, "" for none.
Row = tuple[str, str, str, str, str, bool, str, str, str]
NONE = ""
BODIES = {
    kind: Draft202012Validator(
        operation["post"]["requestBody"]["content"]["application/json"]["schema"]
    )
    for kind, operation in add_webhooks({}, None, None, public=True)["webhooks"].items()
}
TABLE: dict[str, Row] = {
    "T1": ("ask", "team", "open", NONE, "asked", True, "w1", "asked", "I have asked"),
    "T1 again": ("ask ask", "team", "open", NONE, "asked", True, "w1", "", ""),
    "T1 while snoozed": (
        "snooze ask", "team", "open", NONE, "asked", True, "w1", "asked", "I have asked",
    ),
    "T1 after a person resolved": (
        "reply resolve ask", "team", "open", NONE, "asked", True, "w1", "asked", "I have asked",
    ),
    "T1'": ("close ask", "agent", "open", NONE, "asked", True, "", "follow_up", "The team is away"),
    "T1' again": ("close ask ask", "agent", "open", NONE, "asked", True, "", "", ""),
    "T1' and T1 in hours": (
        "close ask open ask", "team", "open", NONE, "asked", True, "w1", "asked", "I have asked",
    ),
    "T1' and T1 in words": (
        "close ask open wish", "team", "open", NONE, "asked", True, "w1", "asked", "I have asked",
    ),
    "T1' goes on with the agent": (
        "close ask say", "agent", "open", NONE, "asked", True, "", "", "",
    ),
    "T3": ("ask take", "person", "open", "ana", "asked", True, "h1", "taken_over", "ana joined"),
    "T3 from the agent": (
        "take", "person", "open", "ana", "staff", False, "a1", "taken_over", "ana joined",
    ),
    "T3 again": ("take take", "person", "open", "ana", "staff", False, "a1", "", ""),
    "T3 of a follow-up": (
        "close ask take", "person", "open", "ana", "asked", True, "h1", "taken_over", "ana joined",
    ),
    "T3 while resolved": (
        "take resolve take", "person", "open", "ana", "staff", False, "a1", "reopened", "",
    ),
    "T3 by reply": (
        "ask reply", "person", "open", "ana", "asked", False, "a1", "taken_over", "ana joined",
    ),
    "second reply": ("ask reply reply", "person", "open", "ana", "asked", False, "a1", "", ""),
    "T4": ("take steal:ben", "person", "open", "ben", "staff", False, "a1", "taken_over", "ben j"),
    "T4 by assignment": (
        "take assign:ben", "person", "open", "ben", "staff", False, "a1", "assigned", "ben joined",
    ),
    "assignment to who has it": (
        "take assign:ana", "person", "open", "ana", "staff", False, "a1", "", "",
    ),
    "T5": ("ask take release", "team", "open", NONE, "asked", True, "w1", "released", "Your conv"),
    "T5 again": ("ask take release release", "team", "open", NONE, "asked", True, "w1", "", ""),
    "T5 of a visitor who waits for nothing": (
        "reply release", "team", "open", NONE, "staff", False, "a1", "released", "Your conv",
    ),
    "T5 by a lost role": (
        "take say demote", "team", "open", NONE, "staff", True, "w1", "released", "Your conv",
    ),
    "T5 by a deleted account": (
        "take say leave", "team", "open", NONE, "staff", True, "w1", "released", "Your conv",
    ),
    "from the agent to the team": (
        "release", "team", "open", NONE, "staff", True, "w1", "asked", "I have asked",
    ),
    "a follow-up to the team": (
        "close ask release", "team", "open", NONE, "asked", True, "w1", "asked", "I have asked",
    ),
    "T6": (
        "reply hand_back", "agent", "open", NONE, NONE, False, "a1", "handed_back", "The assistant",
    ),
    "T6 with a question": (
        "take say hand_back", "agent", "open", NONE, NONE, False, "a1", "handed_back", "The assis",
    ),
    "T6 again": ("reply hand_back hand_back", "agent", "open", NONE, NONE, False, "a1", "", ""),
    "T6 of a follow-up": (
        "close ask hand_back", "agent", "open", NONE, NONE, False, "a1", "handed_back", "The as",
    ),
    "T7": ("ask fire", "team", "open", NONE, "asked", True, "w2", "delayed", "This is taking"),
    "T7 out of hours": (
        "ask close fire", "team", "open", NONE, "asked", True, "", "agent_offered", "No one is",
    ),
    "T8": ("ask fire fire", "team", "open", NONE, "asked", True, "", "agent_offered", "No one is"),
    "T8's choice": (
        "ask fire fire ask_agent", "agent", "open", NONE, NONE, False, "a1", "handed_back", "The a",
    ),
    "T9": ("take say fire", "team", "open", NONE, "staff", True, "w1", "released", "Your conv"),
    "T10": ("reply resolve", "person", "resolved", "ana", "staff", False, "", "resolved", ""),
    "T10 again": ("reply resolve resolve", "person", "resolved", "ana", "staff", False, "", "", ""),
    "T10 of the agent's": ("resolve", "agent", "resolved", NONE, NONE, False, "", "resolved", ""),
    "T10 of a follow-up": (
        "close ask resolve", "agent", "resolved", NONE, "asked", False, "", "resolved", "",
    ),
    "T11": ("reply fire", "person", "resolved", "ana", "staff", False, "", "resolved", ""),
    "T11 after a hand-back": (
        "reply hand_back fire", "agent", "resolved", NONE, NONE, False, "", "resolved", "",
    ),
    "T12": ("reply resolve say", "person", "open", "ana", "staff", True, "h1", "reopened", ""),
    "T12 after a hand-back": (
        "reply hand_back resolve say", "team", "open", NONE, "staff", True, "w1", "reopened", "",
    ),
    "T12 while who had it is away": (
        "reply resolve away say", "team", "open", NONE, "staff", True, "w1", "reopened", "",
    ),
    "T13": ("reply resolve late say", "agent", "open", NONE, NONE, False, "a1", "reopened", ""),
    "T13 out of hours": (
        "reply resolve close say", "agent", "open", NONE, NONE, False, "a1", "reopened", "",
    ),
    "T13 of the agent's": ("resolve say", "agent", "open", NONE, NONE, False, "a1", "reopened", ""),
    "T14": ("ask snooze", "team", "snoozed", NONE, "asked", True, "snooze", "snoozed", ""),
    "T14 wakes": ("ask snooze fire", "team", "open", NONE, "asked", True, "w1", "woken", ""),
    "T14 by a message": (
        "reply snooze say", "person", "open", "ana", "staff", True, "h1", "woken", "",
    ),
    "T14 wakes for the team if who has it is away": (
        "reply snooze away fire", "team", "open", NONE, "staff", False, "a1", "woken", "",
    ),
    "T14 by a message while who has it is away": (
        "reply snooze away say", "team", "open", NONE, "staff", True, "w1", "woken", "",
    ),
    "T15": ("take say new", "person", "resolved", "ana", "staff", False, "", "ended", ""),
    "T15 of the agent's": ("new", "agent", "open", NONE, NONE, False, "", "", ""),
    "reopened": ("ask resolve reopen", "team", "open", NONE, "asked", False, "a1", "reopened", ""),
    "reopened with a question": (
        "take say resolve reopen", "person", "open", "ana", "staff", True, "h1", "reopened", "",
    ),
}  # fmt: skip
HOOKS = {
    "asked": "conversation.person_wanted",
    "follow_up": "conversation.person_wanted",
    "taken_over": "conversation.taken_over",
    "assigned": "conversation.taken_over",
    "released": "conversation.released",
    "handed_back": "conversation.handed_back",
    "resolved": "conversation.resolved",
    "ended": "conversation.resolved",
}


@pytest.fixture
async def desk(
    widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, api: Api, acme: Organization
) -> Desk:
    await in_database(
        lambda: create_endpoint(organization=acme, data={"url": "https://x.com/", "events": ["*"]})
    )
    return await Desk.opened(await visit.opened(widget), scripted, api, acme)


@pytest.mark.parametrize("name", TABLE)
async def test_transition(desk: Desk, name: str) -> None:
    steps, handler, status, who, reason, waits, timer, event, line = TABLE[name]
    *before, last = steps.split()
    await desk.run(*before)
    earlier, events, lines = await desk.read(), await desk.events(), await desk.lines()
    hooks = await in_database(WebhookEvent.objects.exclude(type="message.created").count)
    response = await desk.run(last)
    assert response is None or response.status_code in (200, 201)
    session = await desk.read()
    assert (session.handler, session.status) == (handler, status)
    assert (session.assignee.public_name if session.assignee else "") == who
    assert session.wanted_reason == reason
    assert (session.waiting_since is not None) is waits
    assert (session.due_kind, session.due_at is not None) == (timer, timer != "")
    added = (await desk.events())[len(events) :]
    assert [kind.startswith(event) for kind in added] == ([True] if event else [])
    assert session.revision == earlier.revision + len(added)
    said = (await desk.lines())[len(lines) :]
    assert [text.startswith(line) for text in said] == ([True] if line else [])
    assert not await in_database(session.turns.exists)

    def sent() -> list[tuple[str, int]]:
        rows = WebhookEvent.objects.order_by("created_at", "id")
        for row in rows:
            body = {"type": row.type, "timestamp": "", "data": row.data}
            assert list(BODIES[row.type].iter_errors(body)) == []
        rows = rows.exclude(type="message.created")
        return [(row.type, row.data.get("revision")) for row in rows[hooks:]]

    wanted = [(HOOKS[event], session.revision)] if event in HOOKS else []
    assert [each for each in await in_database(sent) if each[0] != "answer.failed"] == wanted
    # What the visitor knows is what is stored.
    if last != "new":
        shown = await desk.shown(handler, status, who)
        assert shown["can_ask_agent"] is (handler == "team")
