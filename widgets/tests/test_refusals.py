"""How often limits refused, as staff see it: counted in memory, written by the supervisor."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from contacts.tests.parallel import in_parallel
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from loquent.testing.waiting import eventually
from widgets.chat.supervisor import supervisor
from widgets.models import LimitHit, WidgetConfig
from widgets.services.refusals import (
    MAX_LIMIT_COUNTS,
    count_refusal,
    flush_refusals,
    has_refusals,
    limit_counts,
)
from widgets.services.usage import refusals_today, refused_today, with_usage
from widgets.types import LimitKind

pytestmark = pytest.mark.usefixtures("noon")
SetClock = Callable[[str], None]


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    limit_counts.clear()
    yield
    limit_counts.clear()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    def set_clock(text: str) -> None:
        now = datetime.fromisoformat(text)
        monkeypatch.setattr("widgets.services.refusals.timezone.now", lambda: now)

    return set_clock


def hits() -> dict[tuple[date, str], int]:
    return {(hit.day, hit.kind): hit.count for hit in LimitHit.objects.all()}


def note(widget: WidgetConfig, kind: str, times: int = 1) -> None:
    for _ in range(times):
        count_refusal(widget_id=widget.widget_id, limit=kind)


def test_flood_of_refusals_is_one_row(acme: Organization, at: SetClock) -> None:
    widget = make_widget(acme)
    at("2026-03-01T12:00:00+00:00")
    note(widget, "messages", 1_000)
    note(widget, "", 10)
    with CaptureQueriesContext(connection) as queries:
        flush_refusals()
    assert len(queries) < 10
    assert hits() == {(date(2026, 3, 1), "messages"): 1_000}
    with CaptureQueriesContext(connection) as queries:
        flush_refusals()
    assert len(queries) == 0
    note(widget, "messages", 2)
    note(widget, "busy")
    flush_refusals()
    assert hits() == {(date(2026, 3, 1), "messages"): 1_002, (date(2026, 3, 1), "busy"): 1}


def test_days_follow_the_organizations_time_zone(acme: Organization, at: SetClock) -> None:
    acme.timezone = "Asia/Tokyo"
    acme.save()
    note(make_widget(acme), "frames")
    at("2026-03-01T15:00:00+00:00")
    flush_refusals()
    assert hits() == {(date(2026, 3, 2), "frames"): 1}


def test_refusals_of_unknown_widgets_are_dropped(acme: Organization) -> None:
    for number in range(MAX_LIMIT_COUNTS + 10):
        count_refusal(widget_id=f"wid_{number}", limit="sockets_ip")
    assert len(limit_counts) == MAX_LIMIT_COUNTS
    flush_refusals()
    assert not has_refusals()
    assert hits() == {}


def test_unwritten_counts_are_kept(acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    widget = make_widget(acme)
    note(widget, "messages", 3)

    def fail(*_: Any) -> None:
        raise OperationalError

    with monkeypatch.context() as broken:
        broken.setattr(limit_counts, "write", fail)
        with pytest.raises(OperationalError):
            flush_refusals()
    note(widget, "messages")
    flush_refusals()
    assert list(hits().values()) == [4]


@pytest.mark.django_db(transaction=True)
def test_counts_of_processes_add_up(acme: Organization) -> None:
    widgets = [make_widget(acme) for _ in range(3)]

    def write(_: int) -> None:
        counts = {(widget.widget_id, kind): 1 for widget in widgets for kind in LimitKind.values}
        limit_counts.write(Counter(counts))

    assert in_parallel(write, range(8)) == [None] * 8
    assert list(hits().values()) == [8] * len(LimitKind.values)
    assert LimitHit.objects.count() == 3 * len(LimitKind.values)


async def test_socket_refusals_are_counted(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, sockets_per_ip=1, queue_waiting=1, messages_burst=3)
    socket = await visit(widget)
    await socket.receive()
    await (await visit(widget)).until("error")
    for _ in range(4):
        await socket.say("Hi")
    assert (await socket.until("error"))[-1]["code"] == "busy"
    assert (await socket.until("error"))[-1]["code"] == "busy"

    async def check() -> None:
        # The supervisor's own loop may be writing some of them.
        await supervisor.count_refusals()
        written = await in_database(lambda: dict(LimitHit.objects.values_list("kind", "count")))
        assert written == {"sockets_ip": 1, "busy": 2}

    await eventually(check)


def test_staff_see_todays_refusals(alice: User, acme: Organization, client: Client) -> None:
    widget, quiet = make_widget(acme, name="Loud"), make_widget(acme, name="Quiet")
    note(widget, "messages", 12)
    note(widget, "frames", 30)
    flush_refusals()
    LimitHit.objects.create(widget=quiet, day=date(2020, 1, 1), kind="busy", count=99)
    rows = {row.name: row for row in with_usage(WidgetConfig.objects.all())}
    assert {name: refused_today(row) for name, row in rows.items()} == {"Loud": 42, "Quiet": 0}
    assert refusals_today(widget) == [
        ("frames per socket", 30),
        ("messages per visitor per minute", 12),
    ]
    client.force_login(alice)
    page = client.get(reverse("admin:widgets_widgetconfig_changelist")).content.decode()
    assert '<td class="field-refusals">42</td>' in page
    detail = reverse("admin:widgets_widgetconfig_change", args=[widget.pk])
    page = client.get(detail).content.decode()
    assert "frames per socket: 30, messages per visitor per minute: 12" in page
    detail = reverse("admin:widgets_widgetconfig_change", args=[quiet.pk])
    assert "messages waiting" not in client.get(detail).content.decode()
