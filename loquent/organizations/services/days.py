"""Compute an organization's days, which start at midnight in its own time zone. Pure."""

import math
import zoneinfo
from datetime import date, datetime, timedelta


def organization_day(timezone_name: str, now: datetime) -> tuple[date, int]:
    """Return the date in an organization's time zone, and the seconds until its midnight."""
    zone = zoneinfo.ZoneInfo(timezone_name)
    local = now.astimezone(zone)
    midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), zone)
    return local.date(), max(1, math.ceil((midnight - now).total_seconds()))


def day_began(timezone_name: str, now: datetime) -> datetime:
    """Return the midnight at which the current day in that time zone started."""
    zone = zoneinfo.ZoneInfo(timezone_name)
    return datetime.combine(now.astimezone(zone).date(), datetime.min.time(), zone)
