"""Business hours: what people may type, when an organization is open, and the settings page."""

import zoneinfo
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.business_hours import (
    format_ranges,
    is_open,
    next_opening,
    parse_ranges,
    validate_business_hours,
    validate_holidays,
)
from loquent.organizations.models import Organization

ZURICH = "Europe/Zurich"
SHOP: dict[str, Any] = {
    "mon": [["09:00", "12:00"], ["13:30", "18:00"]],
    "fri": [["09:00", "24:00"]],
}


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("", []),
        ("09:00-18:00", [["09:00", "18:00"]]),
        ("9-18", [["09:00", "18:00"]]),
        (" 9:00 – 12:30 , 14.00—18.30 ", [["09:00", "12:30"], ["14:00", "18:30"]]),
        ("9h30-12h00", [["09:30", "12:00"]]),
        ("00:00-24:00", [["00:00", "24:00"]]),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, ranges: list[list[str]]) -> None:
    assert parse_ranges(text) == ranges
    assert parse_ranges(format_ranges(ranges)) == ranges


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nine to five", "is not a range of times"),
        ("18-9", "ends before it starts"),
        ("9-12, 11-14", "overlaps"),
        ("9-25", "from 00:00 to 24:00"),
        ("1-2,3-4,5-6,7-8,9-10", "at most 4"),
    ],
)
def test_other_hours_are_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        parse_ranges(text)


@pytest.mark.parametrize(
    "value", [[], {"monday": []}, {"mon": "9-12"}, {"mon": [["9:00", "12:00"]]}, {"mon": [[9, 12]]}]
)
def test_stored_hours_have_one_form(value: Any) -> None:
    with pytest.raises(ValidationError):
        validate_business_hours(value)


def test_holidays_are_dates() -> None:
    validate_holidays(["2026-12-25"])
    for value in ("2026-12-25", ["25.12.2026"], [None], ["2026-01-01"] * 101):
        with pytest.raises(ValidationError):
            validate_holidays(value)


@pytest.mark.parametrize(
    ("local", "is_open_then", "opening"),
    [
        # 30 November 2026 is a Monday.
        ("2026-11-30T08:59", False, "2026-11-30T09:00"),
        ("2026-11-30T09:00", True, "2026-11-30T13:30"),
        ("2026-11-30T12:00", False, "2026-11-30T13:30"),
        ("2026-11-30T18:00", False, "2026-12-04T09:00"),
        ("2026-12-04T23:59", True, "2026-12-07T09:00"),
        # Friday 25 December is a holiday.
        ("2026-12-22T10:00", False, "2026-12-28T09:00"),
        # The clocks change on 28 March 2027.
        ("2027-03-27T10:00", False, "2027-03-29T09:00"),
    ],
)
def test_open_and_next_opening(local: str, is_open_then: bool, opening: str) -> None:
    zone = zoneinfo.ZoneInfo(ZURICH)
    now = datetime.fromisoformat(local).replace(tzinfo=zone)
    shop: Any = {"hours": SHOP, "holidays": ["2026-12-25"], "timezone": ZURICH, "now": now}
    assert is_open(**shop) is is_open_then
    assert next_opening(**shop) == datetime.fromisoformat(opening).replace(tzinfo=zone)


def test_without_hours_it_is_always_open() -> None:
    shop: Any = {"holidays": [], "timezone": "UTC", "now": datetime.now(zoneinfo.ZoneInfo("UTC"))}
    assert is_open(hours=None, **shop)
    assert next_opening(hours=None, **shop) is None
    assert next_opening(hours={}, **shop) is None


def settings_form(**changes: str) -> dict[str, str]:
    days = {
        f"business_hours_{day}": "" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    }
    return {"name": "Acme", "timezone": "UTC", "holidays": ""} | days | changes


def test_owner_enters_hours_and_holidays(client: Client, alice: User, acme: Organization) -> None:
    client.force_login(alice)
    path = f"/admin/organizations/organization/{acme.pk}/change/"
    typed = settings_form(
        phone="044 123 45 67", default_phone_region="CH", email="hi@acme.test",
        business_hours_mon="9-12, 13:30-18", holidays="2026-12-25\r\n2026-01-01",
        address="Main Street 1\r\n3000 Bern",
    )  # fmt: skip
    assert client.post(path, typed).status_code == 302
    acme.refresh_from_db()
    assert acme.business_hours == {"mon": [["09:00", "12:00"], ["13:30", "18:00"]]}
    assert acme.holidays == ["2026-01-01", "2026-12-25"]
    assert acme.phone == "+41 44 123 45 67"
    changes = AuditEntry.objects.filter(object_pk=str(acme.pk)).latest("timestamp").changes
    assert {"phone", "address", "business_hours", "holidays"} <= set(changes)
    assert "13:30" in changes["business_hours"][1]
    page = client.get(path).content.decode()
    assert 'value="09:00-12:00, 13:30-18:00"' in page
    assert '<label for="id_business_hours_0">Monday</label>' in page


def test_wrong_hours_are_named_and_kept(client: Client, alice: User, acme: Organization) -> None:
    client.force_login(alice)
    path = f"/admin/organizations/organization/{acme.pk}/change/"
    answer = client.post(path, settings_form(business_hours_tue="all day", holidays="Christmas"))
    summary = answer.content.decode().partition('<ul class="lq-error-links">')[2]
    assert '<a href="#id_business_hours_0">Business hours: Tuesday' in summary
    assert 'id="id_business_hours_0"' in summary
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Tuesday: “all day” is not a range of times." in page
    assert "“Christmas” is not a date." in page
    assert 'value="all day"' in page
    acme.refresh_from_db()
    assert acme.business_hours is None
