"""Messages, claims and answers of many visitors in one transaction: each as if it were alone."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from loquent.agents.types import VisitorPage
from loquent.errors import ApplicationError
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig, WidgetDailyUsage, WidgetMessage, WidgetSession, WidgetTurn
from widgets.services.sessions import create_widget_session
from widgets.services.turns.accept import AcceptedMessage, PostedMessage, accept_messages
from widgets.services.turns.claim import claim_turns
from widgets.services.turns.finish import finish_turns
from widgets.services.turns.handing_over import Outcome
from widgets.services.turns.waiting import PendingTurn

pytestmark = pytest.mark.usefixtures("noon")
ME, OTHER = uuid.uuid4(), uuid.uuid4()
Sessions = Callable[[int], list[WidgetSession]]


@pytest.fixture
def widget(acme: Organization, settings: Settings) -> WidgetConfig:
    settings.LIMITS = replace(settings.LIMITS, messages_burst=100, messages_per_minute_per_ip=1_000)
    return make_widget(acme, agent=make_agent(acme))


@pytest.fixture
def sessions(widget: WidgetConfig) -> Sessions:
    return lambda number: [create_widget_session(widget=widget)[0] for _ in range(number)]


def post(
    sessions: Sequence[WidgetSession], content: str = "Hi", **more: Any
) -> list[AcceptedMessage | ApplicationError]:
    more.setdefault("client_message_id", None)
    return accept_messages(
        [PostedMessage(session.id, content, ip="192.0.2.1", **more) for session in sessions],
        owner=None,
    )


def claim(sessions: Sequence[WidgetSession]) -> list[PendingTurn]:
    claimed = claim_turns([session.id for session in sessions], owner=ME)
    return [turn for turn in claimed if turn is not None]


def codes(answers: Sequence[AcceptedMessage | ApplicationError]) -> list[str]:
    return [answer.code if isinstance(answer, ApplicationError) else "" for answer in answers]


def queries_of(action: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        action()
    return len(queries)


def test_each_message_has_its_own_seq(sessions: Sessions) -> None:
    first, second, third = sessions(3)
    post([second], "Earlier")
    answers = post([first, second, third])
    assert codes(answers) == ["", "", ""]
    seqs = [answer.message.seq for answer in answers if isinstance(answer, AcceptedMessage)]
    assert seqs == [1, 2, 1]
    second.refresh_from_db()
    assert second.last_seq == 2
    assert WidgetTurn.objects.count() == 4
    assert WidgetDailyUsage.objects.get().messages == 4


def test_batch_uses_the_cap_to_the_last_message(widget: WidgetConfig, sessions: Sessions) -> None:
    WidgetConfig.objects.update(daily_message_cap=3)
    answers = post(sessions(5))
    assert codes(answers) == ["", "", "", "daily_cap_reached", "daily_cap_reached"]
    assert WidgetMessage.objects.count() == WidgetTurn.objects.count() == 3
    assert WidgetDailyUsage.objects.get().messages == 3


def test_refusal_affects_only_its_own_message(sessions: Sessions, settings: Settings) -> None:
    settings.LIMITS = replace(settings.LIMITS, queue_waiting=1)
    fine, over, gone, busy = sessions(4)
    WidgetSession.objects.filter(id=over.id).update(ended_at=timezone.now())
    gone.id = uuid.uuid4()
    for text in ("One", "Two"):
        post([busy], text)
    answers = post([over, gone, fine, busy])
    assert codes(answers) == ["forbidden", "forbidden", "", "busy"]
    assert WidgetMessage.objects.filter(session=fine).count() == 1


def test_retry_among_new_messages_is_recognized(sessions: Sessions) -> None:
    first, second = sessions(2)
    [original] = post([first], "Once", client_message_id="k")
    repeat, new = post([first, second], "Again", client_message_id="k")
    assert isinstance(original, AcceptedMessage)
    assert repeat == replace(original, is_new=False)
    assert isinstance(new, AcceptedMessage)
    assert (new.is_new, new.message.content) == (True, "Again")
    assert WidgetMessage.objects.count() == 2


def test_each_message_keeps_its_own_page(sessions: Sessions) -> None:
    chats = sessions(2)
    pages = [VisitorPage(f"https://shop.example/{number}", "A page") for number in range(2)]
    accept_messages(
        [
            PostedMessage(session.id, "Hi", None, "192.0.2.1", page)
            for session, page in zip(chats, pages, strict=True)
        ],
        owner=None,
    )
    for session, page in zip(chats, pages, strict=True):
        session.refresh_from_db()
        assert (session.page_url, session.last_seq) == (page.url, 1)


def test_each_turn_gets_its_own_history(sessions: Sessions) -> None:
    first, second, silent = sessions(3)
    post([first], "First")
    post([second], "Second")
    claimed = claim_turns([second.id, silent.id, first.id], owner=ME)
    assert claimed[1] is None
    told = [[message.content for message in turn.messages] for turn in claimed if turn is not None]
    assert told == [["Second"], ["First"]]


def test_session_of_another_process_is_not_claimed(sessions: Sessions) -> None:
    ours, theirs = sessions(2)
    post([ours, theirs])
    claim_turns([theirs.id], owner=OTHER)
    post([theirs], "More")
    assert [turn.session_id for turn in claim([ours, theirs])] == [ours.id]


def test_a_claim_that_finds_nothing_reads_no_messages(sessions: Sessions) -> None:
    chats = sessions(3)
    post(chats[:1])
    claim(chats)
    post(chats[:1], "And this waits")
    assert queries_of(lambda: claim(chats)) == 1
    assert claim(chats) == []


def test_each_answer_ends_its_own_turn(sessions: Sessions) -> None:
    good, silent, taken, erased = chats = sessions(4)
    post(chats)
    turns = {turn.session_id: turn for turn in claim(chats)}
    WidgetTurn.objects.filter(session=taken).update(owner=OTHER)
    WidgetSession.objects.filter(id=erased.id).delete()
    outcomes = [
        (turns[good.id], Outcome(content="Good.", model="test:any")),
        (turns[silent.id], Outcome(status="failed")),
        (turns[taken.id], Outcome(content="Too late.")),
        (turns[erased.id], Outcome(content="For nobody.")),
    ]
    post([silent], "More")
    finished = finish_turns(outcomes)
    assert [one.more for one in finished] == [False, True, False, False]
    answers = [one.answer for one in finished]
    assert [answer and answer.content for answer in answers] == ["Good.", None, None, None]
    statuses = dict(WidgetSession.objects.values_list("id", "last_answer_status"))
    assert statuses == {good.id: "complete", silent.id: "failed", taken.id: ""}
    left = WidgetTurn.objects.values_list("session_id", "state")
    assert set(left) == {(taken.id, "running"), (silent.id, "waiting")}
    answered = WidgetMessage.objects.filter(role="assistant")
    assert list(answered.values_list("content", flat=True)) == ["Good."]


def test_query_count_does_not_depend_on_batch_size(sessions: Sessions) -> None:
    few, many = sessions(2), sessions(30)
    # The first of the day, and the first of the agent, ask for more.
    [first] = sessions(1)
    post([first])
    claim([first])
    assert queries_of(lambda: post(few)) == queries_of(lambda: post(many))
    claimed: dict[int, list[PendingTurn]] = {}

    def take(chats: list[WidgetSession]) -> None:
        claimed[len(chats)] = claim(chats)

    assert queries_of(lambda: take(few)) == queries_of(lambda: take(many))
    ended = {n: [(turn, Outcome(content="Yes.")) for turn in turns] for n, turns in claimed.items()}
    assert queries_of(lambda: finish_turns(ended[2])) == queries_of(lambda: finish_turns(ended[30]))
    assert WidgetMessage.objects.count() == 65
