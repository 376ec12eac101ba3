"""The daily token budget: reserved before, settled after, exact, and nothing reserved for ever."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from contacts.tests.parallel import in_parallel
from loquent.agents.metering import estimate_tokens
from loquent.agents.models import DailyTokenUsage, TokenReservation
from loquent.agents.services import (
    LoadedReply,
    Reservation,
    reserve_tokens,
    settle_tokens,
)
from loquent.agents.services.budget import estimate_prompt_tokens, extend_tokens
from loquent.agents.tests.replies import load_reply
from loquent.agents.types import ChatMessage
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
Load = Callable[..., LoadedReply]


@pytest.fixture
def load(acme: Organization) -> Load:
    """`load(budget=100)`: a reply of 10 tokens at most, 2 of them for "Hi" (with its role: 5)."""
    agent = make_agent(acme, model="openai-chat:any", max_output_tokens=5)

    def start(budget: int | None, model: str = "openai-chat:any") -> LoadedReply:
        Organization.objects.update(daily_token_budget=budget)
        agent.model = model
        agent.save()
        return load_reply(agent.id, [ChatMessage("user", "Hi")])

    return start


def used() -> list[tuple[int, int]]:
    """What is reserved and used, day by day."""
    return list(DailyTokenUsage.objects.order_by("day").values_list("reserved", "used"))


def settle(
    reservation: Reservation | None, *, counts: tuple[int | None, int | None], answer: str | None
) -> None:
    settle_tokens(
        reservation=reservation, input_tokens=counts[0], output_tokens=counts[1], answer=answer
    )


def refused(loaded: LoadedReply) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        reserve_tokens(loaded=loaded)
    assert caught.value.code is ErrorCode.AGENT_UNAVAILABLE
    assert caught.value.limit == "tokens"
    return caught.value


def test_estimates_are_never_too_low() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens("Hi") == 1
    assert estimate_tokens("How much is shipping?") == 7
    assert estimate_tokens("配送料はいくらですか") == 10


def test_prompt_estimate_covers_instructions_messages_and_passages(load: Load) -> None:
    request = load(100).request
    assert estimate_prompt_tokens(request, max_passages=4) == 5
    assert estimate_prompt_tokens(replace(request, instructions="Be kind."), max_passages=4) == 8


def test_tokens_are_reserved_before_and_settled_after_the_answer(load: Load) -> None:
    reservation = reserve_tokens(loaded=load(100))
    assert used() == [(10, 0)]
    settle(reservation, counts=(7, 3), answer="Hello.")
    assert used() == [(0, 10)]
    settle(reservation, counts=(7, 3), answer="Hello.")
    assert used() == [(0, 10)]
    assert not TokenReservation.objects.exists()


@pytest.mark.parametrize(
    ("counts", "answer", "expected"),
    [
        ((None, None), "Hello.", 5 + 2),
        ((7, None), "Hello.", 7 + 2),
        ((None, None), "", 5),
        ((None, None), None, 0),
        ((7, 0), None, 7),
        # The provider says what it was, also where that is more than was thought.
        ((70, 30), "Hello.", 100),
    ],
)
def test_missing_usage_is_estimated(
    load: Load, counts: tuple[int | None, int | None], answer: str | None, expected: int
) -> None:
    settle(reserve_tokens(loaded=load(100)), counts=counts, answer=answer)
    assert used() == [(0, expected)]


def test_exhausted_budget_refuses_until_midnight(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.fromisoformat("2026-03-01T23:59:00+00:00")
    monkeypatch.setattr("loquent.agents.services.budget.timezone.now", lambda: now)
    loaded = load(19)
    settle(reserve_tokens(loaded=loaded), counts=(5, 5), answer="Hello.")
    error = refused(loaded)
    assert "limit for today" in error.message
    assert error.retry_after == 60
    now += timedelta(seconds=60)
    assert reserve_tokens(loaded=loaded) is not None
    assert used() == [(0, 10), (10, 0)]


def test_turn_over_midnight_counts_on_the_day_it_started(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.fromisoformat("2026-03-01T23:59:59+00:00")
    monkeypatch.setattr("loquent.agents.services.budget.timezone.now", lambda: now)
    reservation = reserve_tokens(loaded=load(100))
    now += timedelta(seconds=10)
    reserve_tokens(loaded=load(100))
    settle(reservation, counts=(5, 5), answer="Hello.")
    assert used() == [(0, 10), (10, 0)]


def test_days_follow_the_organizations_time_zone(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    Organization.objects.update(timezone="Pacific/Kiritimati")
    now = datetime.fromisoformat("2026-03-01T10:00:00+00:00")
    monkeypatch.setattr("loquent.agents.services.budget.timezone.now", lambda: now)
    reserve_tokens(loaded=load(100))
    assert DailyTokenUsage.objects.get().day.isoformat() == "2026-03-02"


def test_reservations_of_others_give_a_short_retry_after(load: Load) -> None:
    loaded = load(15)
    reservation = reserve_tokens(loaded=loaded)
    error = refused(loaded)
    assert "in a moment" in error.message
    assert error.retry_after == 10
    settle(reservation, counts=(1, 1), answer="Hello.")
    assert reserve_tokens(loaded=loaded) is not None


@pytest.mark.parametrize("budget", [0, 9])
def test_budget_too_small_for_one_answer_refuses(load: Load, budget: int) -> None:
    assert "limit for today" in refused(load(budget)).message
    assert used() == []


def test_usage_is_not_counted_without_a_budget(load: Load) -> None:
    reservation = reserve_tokens(loaded=load(None))
    assert reservation is None
    settle(reservation, counts=(5, 5), answer="Hello.")
    assert used() == []


def test_offline_backend_costs_nothing(load: Load) -> None:
    assert reserve_tokens(loaded=load(0, model="builtin:knowledge")) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("earlier", [0, 1])
def test_24_concurrent_turns_never_exceed_the_budget(load: Load, earlier: int) -> None:
    loaded = load(75)
    for _ in range(earlier):
        settle(reserve_tokens(loaded=loaded), counts=(5, 5), answer="Hello.")
    outcomes = in_parallel(lambda _: reserve_tokens(loaded=loaded), range(24))
    made = [outcome for outcome in outcomes if isinstance(outcome, Reservation)]
    assert len(made) == 7 - earlier
    assert all(isinstance(o, Reservation | ApplicationError) for o in outcomes)
    assert used() == [(10 * len(made), 10 * earlier)]
    in_parallel(lambda r: settle(r, counts=(4, 4), answer="Hello."), [*made, *made])
    assert used() == [(0, 8 * len(made) + 10 * earlier)]


@pytest.mark.django_db(transaction=True)
def test_concurrent_extensions_never_exceed_the_budget(load: Load) -> None:
    loaded = load(100)
    held = [reserve_tokens(loaded=loaded) for _ in range(5)]

    def extend(reservation: Reservation | None) -> None:
        assert reservation is not None
        extend_tokens(loaded=loaded, reservation=reservation, tokens=25)

    outcomes = in_parallel(extend, held)
    # Each wants 15 more, and 50 are left.
    assert [outcome for outcome in outcomes if outcome is None] == [None] * 3
    refusals = [outcome for outcome in outcomes if outcome is not None]
    assert all(isinstance(refusal, ApplicationError) for refusal in refusals)
    assert used() == [(95, 0)]
    # Nothing more is needed for what is reserved already.
    for reservation, outcome in zip(held, outcomes, strict=True):
        if outcome is None:
            extend(reservation)
    assert used() == [(95, 0)]
    in_parallel(lambda r: settle(r, counts=(4, 4), answer="Hello."), [*held, *held])
    assert used() == [(0, 40)]
    assert not TokenReservation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_reservations_of_dead_processes_expire(
    load: Load, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    loaded = load(29)
    dead = [reserve_tokens(loaded=loaded) for _ in range(2)]
    later = timezone.now() + timedelta(seconds=settings.LIMITS.turn_total_seconds)
    monkeypatch.setattr("loquent.agents.services.budget.timezone.now", lambda: later)
    refused(loaded)
    later += timedelta(minutes=3)
    outcomes = in_parallel(lambda _: reserve_tokens(loaded=loaded), range(8))
    assert sum(isinstance(outcome, Reservation) for outcome in outcomes) >= 1
    assert sum(reserved for reserved, _ in used()) == 10 * TokenReservation.objects.count()
    # One that comes after all is too late to count.
    before = used()
    settle(dead[0], counts=(5, 5), answer="Hello.")
    assert used() == before
