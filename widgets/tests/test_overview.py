"""The reports: figures that are true, of the right days and nobody else's."""

import csv
import io
import math
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from loquent.organizations.models import Membership, Organization, Role
from loquent.testing.people import make_widget
from widgets.models import LimitHit, WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.history import append_message
from widgets.services.overview import CLASS_WIDTH, DAYS, Figures, count_figures
from widgets.services.sessions import create_widget_session

pytestmark = pytest.mark.usefixtures("noon")
NOW = datetime.fromisoformat("2026-03-31T12:00:00+00:00")


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(acme, name="Shop")


def say(widget: WidgetConfig, at: datetime, *answers: dict[str, Any]) -> None:
    """A conversation at a time: a question for each answer."""
    session, _ = create_widget_session(widget=widget)
    for answer in answers or ({},):
        for role, data in (("user", {}), ("assistant", answer)):
            message = append_message(session, role=role, content="…", **data)
            WidgetMessage.objects.filter(id=message.id).update(created_at=at)
    WidgetSession.objects.filter(id=session.id).update(created_at=at)


def figures(organization: Organization | None = None, now: datetime = NOW) -> Any:
    return count_figures(organization=organization, now=now)


def test_overview_counts_messages_and_outcomes(acme: Organization, widget: WidgetConfig) -> None:
    good = {"first_token_ms": 400, "input_tokens": 10, "output_tokens": 5, "rating": "up"}
    say(widget, NOW, good, {**good, "first_token_ms": 1_000, "rating": "down"})
    say(widget, NOW, {"status": "failed"}, {"status": "interrupted"}, {"status": "stopped"})
    say(widget, NOW - timedelta(days=29), {**good, "rating": None})
    say(widget, NOW - timedelta(days=30), good)
    create_widget_session(widget=widget)
    LimitHit.objects.create(widget=widget, day=NOW.date(), kind="daily_cap", count=4)
    LimitHit.objects.create(widget=widget, day=NOW.date(), kind="frames", count=40)
    overview = figures(acme)
    today, total = overview.today, overview.total
    assert len(overview.days) == DAYS
    assert (today.conversations, today.messages, today.answered, today.failed) == (2, 5, 2, 2)
    assert (today.thumbs_up, today.thumbs_down, today.tokens, today.caps_hit) == (1, 1, 30, 4)
    assert today.median_ms == pytest.approx(400, rel=0.02)
    assert today.p95_ms == pytest.approx(1_000, rel=0.02)
    assert (total.conversations, total.messages, total.answered) == (3, 6, 3)
    assert (total.input_tokens, total.output_tokens, total.thumbs_up) == (30, 15, 1)


def test_ratings_of_people_are_averaged(
    acme: Organization, widget: WidgetConfig, client: Client, alice: User
) -> None:
    assert figures(acme).total.rating is None
    cache.clear()
    now = timezone.now()
    for at, score in ((now, 5), (now, 2), (now - timedelta(days=3), 5), (now, None)):
        say(widget, at)
        newest = WidgetSession.objects.filter(survey_score=None, last_seq__gt=0, created_at=at)
        WidgetSession.objects.filter(id=newest.values("id")[:1]).update(survey_score=score)
    overview = figures(acme, now)
    assert (overview.today.ratings, overview.today.rating) == (2, 3.5)
    assert (overview.total.ratings, overview.total.rating) == (3, 4)
    client.force_login(alice)
    assert cards(client)["Rating of people"] == "3.5 of 5 (2)"
    text = client.get("/admin/overview.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["Ratings of people"], row["Average rating"]) for row in rows[-4:]] == [
        ("1", "5.0"), ("0", ""), ("0", ""), ("2", "3.5"),
    ]  # fmt: skip


def test_days_follow_the_organizations_time_zone(acme: Organization, widget: WidgetConfig) -> None:
    Organization.objects.update(timezone="Pacific/Auckland")
    acme.refresh_from_db()
    # 12:00 UTC is 01:00 of the next day there; an hour and a minute before is another day.
    say(widget, NOW)
    say(widget, NOW - timedelta(hours=1, minutes=1))
    overview = figures(acme)
    assert max(overview.days).isoformat() == "2026-04-01"
    assert [day.messages for day in overview.days.values()][-2:] == [1, 1]
    assert figures(None).today.messages == 2


def test_today_is_always_counted_and_earlier_days_are_cached(
    acme: Organization, widget: WidgetConfig
) -> None:
    assert figures(acme).total.messages == 0
    say(widget, NOW)
    say(widget, NOW - timedelta(days=3))
    assert (figures(acme).today.messages, figures(acme).total.messages) == (1, 1)
    # Another organization's figures are kept apart, and a new day begins anew.
    assert figures(None).total.messages == 2
    assert figures(acme, NOW + timedelta(days=1)).total.messages == 2
    cache.clear()
    assert figures(acme).total.messages == 2


def test_empty_organization_has_an_empty_overview(acme: Organization) -> None:
    total = figures(acme).total
    assert (total.messages, total.median_ms, total.p95_ms) == (0, None, None)


@given(st.lists(st.integers(0, 120_000), min_size=1, max_size=200))
def test_percentiles_are_exact_to_two_percent(times: list[int]) -> None:
    classes = Counter(math.floor(math.log(ms + 1) / math.log1p(CLASS_WIDTH)) for ms in times)
    counted = Figures(first_tokens=classes)
    for share, found in ((0.5, counted.median_ms), (0.95, counted.p95_ms)):
        exact = sorted(times)[math.ceil(share * len(times)) - 1]
        # To 2 %, and a millisecond of rounding.
        assert found is not None
        assert abs(found - exact) <= 0.02 * exact + 1


def cards(client: Client) -> dict[str, str]:
    return {card["title"]: card["today"] for card in client.get("/admin/reports/").context["cards"]}


def test_foreign_data_is_not_counted(
    client: Client, alice: User, charlie: User, widget: WidgetConfig, globex: Organization
) -> None:
    say(widget, timezone.now(), {"first_token_ms": 400, "input_tokens": 7, "rating": "up"})
    day = max(figures(widget.organization, timezone.now()).days)
    LimitHit.objects.create(widget=widget, day=day, kind="daily_cap", count=4)
    client.force_login(alice)
    own = cards(client)
    assert (own["Conversations"], own["Messages"], own["Answered"]) == ("1", "1", "1")
    assert (own["Over the daily limit"], own["Thumbs up / down"], own["Tokens"]) == (
        "4",
        "1 / 0",
        "7",
    )
    client.force_login(charlie)
    assert set(cards(client).values()) == {"0", "–", "0 / 0"}
    Membership.objects.create(organization=widget.organization, user=charlie, role=Role.VIEWER)
    assert set(cards(client).values()) == {"0", "–", "0 / 0"}
    client.post("/admin/switch-organization/", {"organization": widget.organization_id})
    assert cards(client) == own
    client.force_login(User.objects.create_superuser("root", password="x"))
    assert cards(client) == own


def test_user_without_organization_sees_an_explanation(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("new@example.com", is_staff=True))
    for path in ("/admin/", "/admin/reports/", "/admin/quality/"):
        assert "Ask an owner to invite you." in client.get(path).content.decode()
    assert len(client.get("/admin/overview.csv").content.decode().splitlines()) == 1


def test_each_chart_has_its_table(client: Client, alice: User, widget: WidgetConfig) -> None:
    say(widget, timezone.now(), {"first_token_ms": 480})
    client.force_login(alice)
    page = client.get("/admin/reports/").content.decode()
    assert page.count('<svg viewBox="0 0 600 120"') == page.count("<details><summary>Table")
    assert page.count("<table>") == 4
    assert "0.48 s" in page
    assert "Nothing in the last 30 days." in page
    assert " style=" not in page


def test_csv_is_safe_for_spreadsheets(client: Client, alice: User, widget: WidgetConfig) -> None:
    say(widget, timezone.now())
    Organization.objects.update(name="=HYPERLINK(A1)")
    client.force_login(alice)
    response = client.get("/admin/overview.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert len(rows) == DAYS
    assert {row["Organization"] for row in rows} == {"'=HYPERLINK(A1)"}
    assert (rows[-1]["Messages"], rows[-2]["Messages"]) == ("1", "0")


def test_query_count_is_constant(
    client: Client, alice: User, widget: WidgetConfig, django_assert_num_queries: Any
) -> None:
    client.force_login(alice)
    client.get("/admin/reports/")
    with django_assert_num_queries(20, exact=False) as few:
        client.get("/admin/reports/")
    for days in range(10):
        say(make_widget(widget.organization), timezone.now() - timedelta(days=days))
    with django_assert_num_queries(len(few)):
        client.get("/admin/reports/")
