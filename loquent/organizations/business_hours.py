"""Weekly business hours and holidays: their format, and whether an organization is open."""

import re
import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_RANGES = 4
MAX_HOLIDAYS = 100
# How far ahead to search for the next opening; holidays can cover more than a year.
SEARCH_DAYS = 400

# For each day that has any: ranges from opening to closing time, in the organization's time zone.
# "24:00" is the end of the day.
Hours = dict[str, list[list[str]]]

_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
_RANGE = re.compile(r"\s*(\d{1,2})[:.h]?(\d{2})?\s*[-–—]\s*(\d{1,2})[:.h]?(\d{2})?\s*")


def parse_ranges(text: str) -> list[list[str]]:
    """Return the ranges of a line such as `9-12:30, 14:00–18:00`; an empty line is a closed day.

    Raises ValidationError with a sentence for the person who typed it.
    """
    if not text.strip():
        return []
    ranges = []
    for part in re.split(r"[,;]", text):
        found = _RANGE.fullmatch(part)
        if found is None:
            raise ValidationError(
                f"“{part.strip()}” is not a range of times. Write it like 09:00-18:00."
            )
        start_hour, start_minute, end_hour, end_minute = found.groups(default="00")
        ranges.append([f"{start_hour:0>2}:{start_minute}", f"{end_hour:0>2}:{end_minute}"])
    _check_ranges(ranges)
    return ranges


def format_ranges(ranges: Sequence[Sequence[str]]) -> str:
    """Return ranges as people type them; the inverse of `parse_ranges`."""
    return ", ".join(f"{start}-{end}" for start, end in ranges)


def validate_business_hours(value: Any) -> None:
    """Raise ValidationError unless the value has the form of `Hours`."""
    if not isinstance(value, dict) or not set(value) <= set(DAYS):
        raise ValidationError(f"Business hours must be an object with the keys {', '.join(DAYS)}.")
    for day, ranges in value.items():
        if not isinstance(ranges, list):
            raise ValidationError(f"The hours of {day} must be a list of ranges.")
        _check_ranges(ranges)


def _check_ranges(ranges: Sequence[Any]) -> None:
    if len(ranges) > MAX_RANGES:
        raise ValidationError(f"A day has at most {MAX_RANGES} ranges.")
    end_before = ""
    for pair in ranges:
        is_pair = isinstance(pair, list) and len(pair) == 2
        if not is_pair or not all(isinstance(t, str) and _TIME.fullmatch(t) for t in pair):
            raise ValidationError("Write times from 00:00 to 24:00, like 09:00-18:00.")
        start, end = pair
        if start >= end:
            raise ValidationError(f"{start}-{end} ends before it starts.")
        if start < end_before:
            raise ValidationError(f"{start}-{end} overlaps the range before it.")
        end_before = end


def validate_holidays(value: Any) -> None:
    """Raise ValidationError unless the value is a list of ISO dates."""
    if not isinstance(value, list) or len(value) > MAX_HOLIDAYS:
        raise ValidationError(f"Holidays must be a list of at most {MAX_HOLIDAYS} dates.")
    for text in value:
        try:
            date.fromisoformat(text)
        except (TypeError, ValueError):
            raise ValidationError(f"“{text}” is not a date. Write it like 2026-12-25.") from None


def is_open(
    *, hours: Mapping[str, Any] | None, holidays: Sequence[str], timezone: str, now: datetime
) -> bool:
    """Return whether an organization is open; without hours it always is."""
    if hours is None:
        return True
    local = now.astimezone(zoneinfo.ZoneInfo(timezone))
    clock = f"{local:%H:%M}"
    return any(start <= clock < end for start, end in _ranges_of(local.date(), hours, holidays))


def next_opening(
    *, hours: Mapping[str, Any] | None, holidays: Sequence[str], timezone: str, now: datetime
) -> datetime | None:
    """Return when a closed organization opens next; None if it never does, or is always open."""
    if hours is None:
        return None
    zone = zoneinfo.ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    for offset in range(SEARCH_DAYS):
        day = today + timedelta(days=offset)
        for start, _ in _ranges_of(day, hours, holidays):
            opening = datetime.combine(day, time.fromisoformat(start), zone)
            if opening > now:
                return opening
    return None


def _ranges_of(
    day: date, hours: Mapping[str, Any], holidays: Sequence[str]
) -> Sequence[Sequence[str]]:
    if day.isoformat() in holidays:
        return ()
    ranges: Sequence[Sequence[str]] = hours.get(DAYS[day.weekday()], ())
    return ranges
