"""Staff see times, date filters and days in the time zone of their organization."""

import uuid
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import ErasureReceipt, WidgetMessage, WidgetSession
from widgets.services.overview import count_figures
from widgets.services.sessions import create_widget_session

# A moment, a zone, and how pages show the moment there.
MOMENTS = [
    ("Pacific/Kiritimati", datetime(2026, 1, 31, 10, 30, tzinfo=UTC), "1 Feb 2026, 00:30"),
    ("Pacific/Pago_Pago", datetime(2026, 2, 1, 10, 30, tzinfo=UTC), "31 Jan 2026, 23:30"),
    ("America/St_Johns", datetime(2026, 1, 1, 3, 29, tzinfo=UTC), "31 Dec 2025, 23:59"),
    ("America/St_Johns", datetime(2026, 7, 1, 2, 31, tzinfo=UTC), "1 Jul 2026, 00:01"),
    ("Asia/Kathmandu", datetime(2026, 1, 1, 18, 15, tzinfo=UTC), "2 Jan 2026, 00:00"),
    ("Europe/Zurich", datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "29 Mar 2026, 01:59"),
    ("Europe/Zurich", datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "29 Mar 2026, 03:00"),
    ("Europe/Zurich", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "25 Oct 2026, 02:30"),
    ("UTC", datetime(2026, 1, 31, 10, 30, tzinfo=UTC), "31 Jan 2026, 10:30"),
]


@pytest.fixture
def session(acme: Organization) -> WidgetSession:
    session, _ = create_widget_session(widget=make_widget(acme))
    now = timezone.now()
    WidgetMessage.objects.create(
        session=session, seq=1, role="user", content="Hello", created_at=now
    )
    WidgetSession.objects.update(last_seq=1)
    return session


def live_in(organization: Organization, zone: str) -> None:
    Organization.objects.filter(id=organization.id).update(timezone=zone)


@pytest.mark.parametrize(("zone", "moment", "shown"), MOMENTS)
def test_conversation_shows_the_organizations_time_and_zone(
    client: Client,
    alice: User,
    acme: Organization,
    session: WidgetSession,
    zone: str,
    moment: datetime,
    shown: str,
) -> None:
    live_in(acme, zone)
    WidgetSession.objects.update(created_at=moment, last_active_at=moment)
    WidgetMessage.objects.update(created_at=moment)
    client.force_login(alice)
    page = client.get(f"/admin/widgets/widgetsession/{session.id}/change/").content.decode()
    assert f"<dt>Started</dt><dd>{shown}</dd>" in page
    assert f"<dt>Time zone</dt><dd>{zone}</dd>" in page
    assert f'title="{shown}:00">{shown[-5:]}</time>' in page
    lists = client.get("/admin/widgets/widgetsession/").content.decode()
    assert f"Times are in the time zone {zone}." in lists
    assert timezone.get_current_timezone_name() == "UTC"


def test_lists_show_the_organizations_time(client: Client, alice: User, acme: Organization) -> None:
    live_in(acme, "Pacific/Kiritimati")
    agent = make_agent(acme)
    moment = datetime(2026, 1, 31, 10, 30, tzinfo=UTC)
    AuditEntry.objects.all().delete()
    client.force_login(alice)
    entry = {"title": "Hours", "content": "Nine to six."}
    client.post(f"/admin/agents/textagent/{agent.id}/knowledge/save/", entry)
    AuditEntry.objects.update(timestamp=moment)
    page = client.get("/admin/organizations/auditentry/").content.decode()
    assert "1 Feb 2026, 00:30" in page
    assert "31 Jan" not in page


def test_date_filter_uses_the_organizations_days(
    client: Client, alice: User, acme: Organization
) -> None:
    live_in(acme, "Pacific/Kiritimati")
    for person, hour in (("January", 9), ("February", 10)):
        receipt = ErasureReceipt.objects.create(
            organization=acme, contact_id=uuid.uuid4(), conversations=0, messages=0, claims=0,
            requested_by=person,
        )  # fmt: skip
        moment = datetime(2026, 1, 31, hour, 30, tzinfo=UTC)
        ErasureReceipt.objects.filter(id=receipt.id).update(created_at=moment)
    client.force_login(alice)
    query = {"created_at__year": "2026", "created_at__month": "2", "created_at__day": "1"}
    page = client.get("/admin/widgets/erasurereceipt/", query).content.decode()
    assert "February" in page
    assert "1 Feb 2026, 00:30" in page
    assert "1 erasure receipt" in page


@pytest.mark.parametrize(("zone", "moment", "shown"), MOMENTS)
def test_chart_and_conversation_agree_on_the_day(
    acme: Organization, session: WidgetSession, zone: str, moment: datetime, shown: str
) -> None:
    live_in(acme, zone)
    acme.refresh_from_db()
    WidgetSession.objects.update(created_at=moment)
    figures = count_figures(organization=acme, now=moment)
    days = [day for day, found in figures.days.items() if found.conversations]
    assert days == [moment.astimezone(ZoneInfo(zone)).date()]
    assert shown.startswith(f"{days[0]:%-d %b %Y}, ")


def test_all_organizations_together_are_shown_in_utc(
    client: Client, admin_user: User, acme: Organization, session: WidgetSession
) -> None:
    live_in(acme, "Pacific/Kiritimati")
    client.force_login(admin_user)
    page = client.get("/admin/widgets/widgetsession/").content.decode()
    assert "Times are in the time zone UTC." in page


def test_rest_api_keeps_to_utc(
    client: Client, alice: User, acme: Organization, session: WidgetSession
) -> None:
    live_in(acme, "Pacific/Kiritimati")
    moment = datetime(2026, 1, 31, 10, 30, tzinfo=UTC)
    WidgetSession.objects.update(created_at=moment)
    client.force_login(alice)
    client.get("/admin/widgets/widgetsession/")
    answer = client.get(f"/api/v1/sessions/{session.id}/").json()
    assert answer["created_at"] == "2026-01-31T10:30:00Z"
