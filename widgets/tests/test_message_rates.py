"""What a message takes from its rates: once, only where it is written, and under no lock."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import Organization
from loquent.ratelimit.shared import limiter
from loquent.testing.people import make_widget
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.sessions import create_widget_session
from widgets.services.turns.accept import AcceptedMessage
from widgets.tests.one import accept_message

IP = "192.0.2.1"


@pytest.fixture
def session(acme: Organization, settings: Settings) -> WidgetSession:
    # A token comes back in a minute: later than the slowest machine is done with three.
    settings.LIMITS = replace(
        settings.LIMITS, queue_waiting=0, messages_burst=3, messages_per_minute=1
    )
    return create_widget_session(widget=make_widget(acme))[0]


def say(session: WidgetSession, key: str | None = None, ip: str = IP) -> AcceptedMessage:
    return accept_message(session_id=session.id, content="Hi", client_message_id=key, ip=ip)


def refusal(session: WidgetSession, key: str | None = None) -> ErrorCode:
    with pytest.raises(ApplicationError) as caught:
        say(session, key)
    return caught.value.code


def test_retry_is_free_with_and_without_tokens_left(session: WidgetSession) -> None:
    first = say(session, "k0")
    for _ in range(5):
        assert say(session, "k0") == AcceptedMessage(first.message, is_new=False)
    say(session, "k1")
    say(session, "k2")
    assert refusal(session, "k3") is ErrorCode.RATE_LIMITED
    assert say(session, "k0") == AcceptedMessage(first.message, is_new=False)


def test_message_refused_for_another_reason_is_refunded(
    session: WidgetSession, settings: Settings
) -> None:
    WidgetConfig.objects.update(daily_message_cap=0)
    assert [refusal(session) for _ in range(5)] == [ErrorCode.DAILY_CAP_REACHED] * 5
    WidgetConfig.objects.update(daily_message_cap=None, enabled=False)
    assert [refusal(session) for _ in range(5)] == [ErrorCode.FORBIDDEN] * 5
    WidgetConfig.objects.update(enabled=True)
    say(session)
    settings.LIMITS = replace(settings.LIMITS, queue_waiting=0)
    say(session)
    say(session)
    assert refusal(session) is ErrorCode.RATE_LIMITED


def test_deleted_session_does_not_charge_its_address(
    session: WidgetSession, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, messages_per_minute_per_ip=1)
    for _ in range(3):
        with pytest.raises(ApplicationError, match="ended"):
            accept_message(session_id=uuid.uuid4(), content="Hi", client_message_id=None, ip=IP)
    say(session)
    assert refusal(session) is ErrorCode.RATE_LIMITED
    say(session, ip="192.0.2.2")


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_rates_are_charged(
    session: WidgetSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    took: list[bool] = []
    take_each = limiter.take_each

    def watch(wishes: Any) -> Any:
        took.append(connection.in_atomic_block)
        return take_each(wishes)

    monkeypatch.setattr(limiter, "take_each", watch)
    monkeypatch.setattr(limiter, "give_back", lambda *_: took.append(connection.in_atomic_block))
    say(session, "k")
    say(session, "k")
    assert took == [False, False, False]
