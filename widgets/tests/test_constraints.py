"""The database itself refuses what the rules forbid, also from code that forgets to validate."""

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from loquent.agents.models import TextAgent
from loquent.organizations.models import ApiKey, Membership, Organization, Role
from loquent.testing.people import make_agent, make_widget
from widgets.models import (
    WidgetConfig,
    WidgetDailyUsage,
    WidgetMessage,
    WidgetSession,
    WidgetTurn,
)
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(acme)


@pytest.fixture
def session(widget: WidgetConfig) -> WidgetSession:
    return create_widget_session(widget=widget)[0]


def check_refused(write: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        write()


@pytest.mark.parametrize(
    "bad",
    [
        {"primary_color": "red"},
        {"primary_color": "#12345"},
        {"primary_color": "#12345g"},
        {"primary_color": "x#12345"},
        {"text_color": ""},
        {"text_color": "fffffff"},
        {"position": "top"},
        {"position": ""},
        {"contact_info_mode": "always"},
        {"contact_info_mode": "required"},
        {"daily_message_cap": -1},
        {"notice_text": ""},
        {"notice_url": "https://example.com"},
        {"notice_consent": True},
        {"notice_text": "An AI.", "notice_url": "javascript:alert(1)"},
        {"notice_text": "An AI.", "notice_url": " https://example.com"},
        {"notice_text": "An AI.", "notice_url": ""},
        {"starters": None},
        {"organization": None},
        {"text_agent": None},
        {"widget_id": None},
        {"enabled": None},
        {"collect_name": None},
    ],
    ids=str,
)
def test_invalid_widgets_violate_constraints(widget: WidgetConfig, bad: dict[str, Any]) -> None:
    rows = WidgetConfig.objects.filter(id=widget.id)
    check_refused(lambda: rows.update(**bad))
    columns: dict[str, Any] = dict(rows.values().get())
    del columns["created_at"], columns["updated_at"]
    for name, value in bad.items():
        columns.pop(f"{name}_id", None)
        columns[name] = value
    columns |= {"id": uuid.uuid4()} | ({} if "widget_id" in bad else {"widget_id": "wid_other"})
    check_refused(lambda: WidgetConfig.objects.bulk_create([WidgetConfig(**columns)]))


@pytest.mark.parametrize(
    "good",
    [
        {"primary_color": "#ABCdef"},
        {"daily_message_cap": 0},
        {"contact_info_mode": "required", "collect_phone": True},
        {"contact_info_mode": "optional"},
        {"notice_text": "An AI."},
        {"notice_text": "An AI.", "notice_url": "HTTPS://example.com", "notice_consent": True},
    ],
    ids=str,
)
def test_valid_widgets_satisfy_constraints(widget: WidgetConfig, good: dict[str, Any]) -> None:
    assert WidgetConfig.objects.filter(id=widget.id).update(**good) == 1


def test_public_identifier_is_unique(widget: WidgetConfig, globex: Organization) -> None:
    other = make_widget(globex)
    rows = WidgetConfig.objects.filter(id=other.id)
    check_refused(lambda: rows.update(widget_id=widget.widget_id))


def test_agent_in_use_cannot_be_deleted(widget: WidgetConfig) -> None:
    with pytest.raises(models.RestrictedError), transaction.atomic():
        TextAgent.objects.all().delete()
    assert TextAgent.objects.count() == 1


@pytest.mark.parametrize(
    "bad",
    [
        {"role": "system"},
        {"role": ""},
        {"status": "done"},
        {"seq": 0},
        {"seq": 2},
        {"client_message_id": "second"},
        {"content": None},
        {"session": None},
    ],
    ids=str,
)
def test_invalid_messages_violate_constraints(session: WidgetSession, bad: dict[str, Any]) -> None:
    first = append_message(session, role="user", content="1", client_message_id="first")
    append_message(session, role="user", content="2", client_message_id="second")
    check_refused(lambda: WidgetMessage.objects.filter(id=first.id).update(**bad))


def test_several_messages_can_have_no_key(session: WidgetSession) -> None:
    for _ in range(3):
        append_message(session, role="user", content="x", client_message_id=None)
    assert WidgetMessage.objects.count() == 3


def test_session_has_at_most_one_running_turn(session: WidgetSession) -> None:
    turns = [
        WidgetTurn.objects.create(
            session=session, message=append_message(session, role="user", content="x")
        )
        for _ in range(2)
    ]
    WidgetTurn.objects.filter(id=turns[0].id).update(state="running")
    check_refused(lambda: WidgetTurn.objects.filter(id=turns[1].id).update(state="running"))
    check_refused(lambda: WidgetTurn.objects.create(session=session, message=turns[0].message))


def test_token_digest_is_unique(session: WidgetSession) -> None:
    check_refused(
        lambda: WidgetSession.objects.create(
            widget=session.widget,
            token_digest=session.token_digest,
            last_active_at=timezone.now(),
        )
    )


def test_daily_count_is_unique_and_not_negative(widget: WidgetConfig) -> None:
    day = date(2026, 1, 1)
    usage = WidgetDailyUsage.objects.create(widget=widget, day=day)
    check_refused(lambda: WidgetDailyUsage.objects.create(widget=widget, day=day))
    check_refused(lambda: WidgetDailyUsage.objects.filter(id=usage.id).update(messages=-1))


def test_invalid_members_and_keys_violate_constraints(acme: Organization, alice: Any) -> None:
    check_refused(lambda: Membership.objects.create(organization=acme, user=alice))
    check_refused(lambda: Membership.objects.update(role="king"))
    ApiKey.objects.create(organization=acme, name="One", digest="x")
    check_refused(lambda: ApiKey.objects.create(organization=acme, name="Two", digest="x"))
    assert Membership.objects.get().role == Role.OWNER


@pytest.mark.parametrize(
    "bad", [{"max_output_tokens": 0}, {"max_output_tokens": 4_097}, {"temperature": 2.5}], ids=str
)
def test_invalid_agents_violate_constraints(acme: Organization, bad: dict[str, Any]) -> None:
    agent = make_agent(acme)
    check_refused(lambda: TextAgent.objects.filter(id=agent.id).update(**bad))
