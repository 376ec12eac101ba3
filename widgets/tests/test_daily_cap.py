"""A widget's daily cap: exact under any concurrency, by the days of its organization."""

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone

from contacts.tests.parallel import in_parallel
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import Organization
from loquent.organizations.services.days import organization_day
from loquent.testing.people import make_widget
from widgets.models import WidgetConfig, WidgetDailyUsage
from widgets.services.daily_cap import daily_cap, use_daily_message
from widgets.services.usage import used_today, with_usage

pytestmark = pytest.mark.usefixtures("noon")
SetClock = Callable[[str], datetime]


def use(widget: WidgetConfig) -> ApplicationError | None:
    """One message; the refusal, if any."""
    try:
        with transaction.atomic():
            use_daily_message(cap=daily_cap(widget))
    except ApplicationError as error:
        return error
    return None


def used(widget: WidgetConfig) -> dict[date, int]:
    return dict(WidgetDailyUsage.objects.filter(widget=widget).values_list("day", "messages"))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """`at("2026-03-01T23:59:59+00:00")` sets the clock."""

    def set_clock(text: str) -> datetime:
        now = datetime.fromisoformat(text)
        monkeypatch.setattr("widgets.services.daily_cap.timezone.now", lambda: now)
        return now

    return set_clock


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("earlier", [0, 3])
def test_cap_of_7_accepts_exactly_7_of_24_concurrent_messages(
    acme: Organization, earlier: int
) -> None:
    widget = make_widget(acme, daily_message_cap=7)
    assert [use(widget) for _ in range(earlier)] == [None] * earlier
    outcomes = in_parallel(lambda _: use(widget), range(24))
    assert outcomes.count(None) == 7 - earlier
    assert all(isinstance(error, ApplicationError) for error in outcomes if error is not None)
    assert list(used(widget).values()) == [7]


@pytest.mark.django_db(transaction=True)
def test_two_widgets_do_not_share_a_cap(acme: Organization) -> None:
    widgets = [make_widget(acme, daily_message_cap=5) for _ in range(2)]
    outcomes = in_parallel(lambda n: use(widgets[n % 2]), range(24))
    assert outcomes.count(None) == 10


@pytest.mark.django_db(transaction=True)
def test_messages_are_counted_without_a_cap(acme: Organization) -> None:
    widget = make_widget(acme)
    assert in_parallel(lambda _: use(widget), range(24)) == [None] * 24
    assert list(used(widget).values()) == [24]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("UTC", "2026-03-01T00:00:00+00:00"),
        # The clocks go forward, and back: the day before has 23 hours, or 25.
        ("Europe/Zurich", "2026-03-29T22:00:00+00:00"),
        ("Europe/Zurich", "2026-10-25T23:00:00+00:00"),
        ("America/New_York", "2026-11-02T05:00:00+00:00"),
        # This day has no midnight: the clocks go forward at that very moment.
        ("America/Santiago", "2026-09-06T04:00:00+00:00"),
    ],
)
def test_each_day_around_midnight_has_its_own_cap(
    acme: Organization, monkeypatch: pytest.MonkeyPatch, zone: str, midnight: str
) -> None:
    """24 processes' worth of connections, whose clocks differ by two milliseconds."""
    acme.timezone = zone
    acme.save()
    widget = make_widget(acme, daily_message_cap=5)
    moment = datetime.fromisoformat(midnight)
    here = threading.local()
    now = timezone.now
    monkeypatch.setattr(
        "widgets.services.daily_cap.timezone.now", lambda: getattr(here, "now", None) or now()
    )

    def use_at(number: int) -> ApplicationError | None:
        here.now = moment + timedelta(milliseconds=1 if number % 2 else -1)
        return use(widget)

    outcomes = in_parallel(use_at, range(24))
    assert outcomes.count(None) == 10
    assert all(isinstance(error, ApplicationError) for error in outcomes if error is not None)
    today = (moment + timedelta(milliseconds=1)).astimezone(ZoneInfo(zone)).date()
    assert used(widget) == {today - timedelta(days=1): 5, today: 5}


def test_cap_of_zero_accepts_nothing(acme: Organization) -> None:
    widget = make_widget(acme, daily_message_cap=0)
    refusal = use(widget)
    assert refusal is not None
    assert refusal.code is ErrorCode.DAILY_CAP_REACHED
    assert used(widget) == {}


def test_changed_cap_counts_earlier_messages(acme: Organization) -> None:
    widget = make_widget(acme)
    for _ in range(3):
        use(widget)
    for cap, is_refused in ((3, True), (4, False), (4, True), (2, True), (0, True), (None, False)):
        widget.daily_message_cap = cap
        assert (use(widget) is not None) is is_refused
    assert list(used(widget).values()) == [5]


def test_rejected_message_is_not_counted(acme: Organization) -> None:
    widget = make_widget(acme, daily_message_cap=1)
    with transaction.atomic():
        use_daily_message(cap=daily_cap(widget))
        transaction.set_rollback(True)
    assert use(widget) is None


@pytest.mark.parametrize(
    ("zone", "before", "after", "days"),
    [
        ("UTC", "2026-02-28T23:59:59+00:00", "2026-03-01T00:00:00+00:00", [28, 1]),
        ("Europe/Zurich", "2026-07-01T21:59:59+00:00", "2026-07-01T22:00:00+00:00", [1, 2]),
        ("Europe/Zurich", "2026-01-01T22:59:59+00:00", "2026-01-01T23:00:00+00:00", [1, 2]),
        ("America/New_York", "2026-07-02T03:59:59+00:00", "2026-07-02T04:00:00+00:00", [1, 2]),
        ("Pacific/Kiritimati", "2026-01-01T09:59:59+00:00", "2026-01-01T10:00:00+00:00", [1, 2]),
        ("Asia/Kathmandu", "2026-01-01T18:14:59+00:00", "2026-01-01T18:15:00+00:00", [1, 2]),
        # The night in which the clocks go back has 25 hours.
        ("Europe/Zurich", "2026-10-25T22:59:59+00:00", "2026-10-25T23:00:00+00:00", [25, 26]),
    ],
)
def test_a_day_begins_at_midnight_of_the_organization(
    acme: Organization, at: SetClock, zone: str, before: str, after: str, days: list[int]
) -> None:
    acme.timezone = zone
    acme.save()
    widget = make_widget(acme, daily_message_cap=1)
    at(before)
    assert use(widget) is None
    refusal = use(widget)
    assert refusal is not None
    assert refusal.retry_after == 1
    assert used_today(with_usage(WidgetConfig.objects.all()).get()) == 1
    at(after)
    assert used_today(with_usage(WidgetConfig.objects.all()).get()) == 0
    assert use(widget) is None
    assert use(widget) is not None
    assert [day.day for day in sorted(used(widget))] == days
    assert used_today(with_usage(WidgetConfig.objects.all()).get()) == 1


@pytest.mark.parametrize(
    ("zone", "now", "seconds"),
    [
        ("UTC", "2026-03-01T00:00:00+00:00", 86_400),
        ("UTC", "2026-03-01T12:00:00+00:00", 43_200),
        ("UTC", "2026-03-01T23:59:59.999+00:00", 1),
        ("UTC", "2026-03-01T12:00:00.5+00:00", 43_200),
        ("Europe/Zurich", "2026-03-28T23:00:00+00:00", 82_800),
        ("Europe/Zurich", "2026-10-24T22:00:00+00:00", 90_000),
        ("Asia/Tokyo", "2026-01-01T15:00:00+00:00", 86_400),
    ],
)
def test_retry_after_ends_at_the_next_midnight(zone: str, now: str, seconds: int) -> None:
    moment = datetime.fromisoformat(now)
    day, wait = organization_day(zone, moment)
    assert wait == seconds
    later, _ = organization_day(zone, moment + timedelta(seconds=wait))
    assert later == day + timedelta(days=1)
