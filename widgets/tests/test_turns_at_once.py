"""A message that nothing stands before: its turn is claimed in the transaction that writes it."""

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from loquent.agents.models import TextAgent
from loquent.agents.services import LoadedReply
from loquent.agents.types import VisitorPage
from loquent.errors import ApplicationError
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.chat.handlers import accept_here
from widgets.chat.turn_runner import runner
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.sessions import create_widget_session
from widgets.services.turns.accept import AcceptedMessage, PostedMessage, accept_messages
from widgets.services.turns.claim import begin_turn
from widgets.services.turns.finish import Finished, finish_turns
from widgets.services.turns.handing_over import Outcome
from widgets.services.turns.waiting import PendingTurn
from widgets.tests.one import claim_next_turn

ME, OTHER = uuid.uuid4(), uuid.uuid4()
Sessions = Callable[[int], list[WidgetSession]]


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme)


@pytest.fixture
def sessions(acme: Organization, agent: TextAgent) -> Sessions:
    widget = make_widget(acme, agent=agent)
    return lambda number: [create_widget_session(widget=widget)[0] for _ in range(number)]


def post(sessions: Sequence[WidgetSession], content: str = "Hi", **more: Any) -> list[Any]:
    more.setdefault("client_message_id", None)
    return accept_messages(
        [PostedMessage(session.id, content, ip="192.0.2.1", **more) for session in sessions],
        owner=ME,
    )


def turn_of(session: WidgetSession, content: str = "Hi", **more: Any) -> PendingTurn:
    [accepted] = post([session], content, **more)
    assert isinstance(accepted, AcceptedMessage)
    assert accepted.turn is not None
    assert accepted.turn.message_id == accepted.message.id
    return accepted.turn


def reply_to(turn: PendingTurn) -> LoadedReply:
    reply, _ = begin_turn(turn)
    assert isinstance(reply, LoadedReply)
    return reply


def told(turn: PendingTurn) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in reply_to(turn).request.messages]


def finish(turn: PendingTurn, content: str = "Hello.") -> Finished:
    return finish_turns([(turn, Outcome(content=content))])[0]


def test_turn_is_claimed_on_acceptance(sessions: Sessions) -> None:
    [session] = sessions(1)
    turn = turn_of(session)
    row = WidgetTurn.objects.get()
    assert (row.id, row.state, row.owner, row.attempts) == (turn.turn_id, "running", ME, 1)
    assert row.lease_until is not None
    assert claim_next_turn(session_id=session.id, owner=OTHER) is None
    assert not finish(turn).more
    assert not WidgetTurn.objects.exists()


def test_model_gets_the_earlier_messages(sessions: Sessions) -> None:
    [session] = sessions(1)
    finish(turn_of(session, "One"), "First.")
    assert told(turn_of(session, "Two")) == [
        ("user", "One"),
        ("assistant", "First."),
        ("user", "Two"),
    ]


def test_turn_waits_behind_another(sessions: Sessions) -> None:
    busy, free = sessions(2)
    first = turn_of(busy, "One")
    behind, alone = post([busy, free], "Two")
    assert behind.turn is None
    assert alone.turn is not None
    assert finish(first, "First.").more
    second = claim_next_turn(session_id=busy.id, owner=OTHER)
    assert second is not None
    assert told(second)[-1] == ("user", "Two")


def test_retry_starts_no_turn(sessions: Sessions) -> None:
    [session] = sessions(1)
    turn_of(session, client_message_id="k")
    [repeat] = post([session], client_message_id="k")
    assert (repeat.is_new, repeat.turn) == (False, None)


def test_message_refused_by_the_cap_starts_no_turn(sessions: Sessions) -> None:
    WidgetConfig.objects.update(daily_message_cap=1)
    first, second = post(sessions(2))
    assert first.turn is not None
    assert isinstance(second, ApplicationError)
    assert WidgetTurn.objects.count() == WidgetMessage.objects.count() == 1


def test_draining_process_claims_nothing(sessions: Sessions) -> None:
    [session] = sessions(1)
    runner.start_no_more()
    try:
        [accepted] = accept_here([PostedMessage(session.id, "Hi", None, "192.0.2.1")])
    finally:
        runner.start_again()
    assert isinstance(accepted, AcceptedMessage)
    assert accepted.turn is None
    assert WidgetTurn.objects.get().state == "waiting"


def test_agent_gets_the_page(sessions: Sessions) -> None:
    [session] = sessions(1)
    page = VisitorPage("https://shop.example/1", "One", context={"plan": "free"})
    first = turn_of(session, page=page)
    finish(first)
    second = turn_of(session)
    for turn in (first, second):
        seen = reply_to(turn).request.page
        assert seen is not None
        assert (seen.url, seen.title, seen.context) == (page.url, "One", {"plan": "free"})


def test_unusable_agent_gives_the_reason(sessions: Sessions, agent: TextAgent) -> None:
    TextAgent.objects.filter(id=agent.id).update(enabled=False)
    turn = turn_of(sessions(1)[0])
    assert isinstance(begin_turn(turn)[0], ApplicationError)


def test_no_statement_reads_or_writes_a_whole_table(sessions: Sessions, settings: Settings) -> None:
    settings.LIMITS = replace(settings.LIMITS, messages_burst=100)
    [session] = sessions(1)
    with CaptureQueriesContext(connection) as queries:
        for number in range(3):
            turn = turn_of(session, client_message_id=str(number))
            post([session], "And this", client_message_id=f"{number}b")
            finish(turn)
            behind = claim_next_turn(session_id=session.id, owner=ME)
            assert behind is not None
            finish(behind)
            assert claim_next_turn(session_id=session.id, owner=ME) is None
    statements = [query["sql"] for query in queries.captured_queries]
    wide = [
        sql for sql in statements if re.match("SELECT|UPDATE|DELETE", sql) and "WHERE" not in sql
    ]
    assert wide == []
