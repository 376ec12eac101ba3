"""An organization's days: they begin at midnight in its own time zone. Pure."""

import math
import zoneinfo
from datetime import date, datetime, timedelta


def organization_day(timezone_name: str, now: datetime) -> tuple[date, int]:
    """The date in an organization's time zone, and the seconds until its midnight."""
    zone = zoneinfo.ZoneInfo(timezone_name)
    local = now.astimezone(zone)
    midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), zone)
    return local.date(), max(1, math.ceil((midnight - now).total_seconds()))


def day_began(timezone_name: str, now: datetime) -> datetime:
    """The midnight at which the day of an organization's time zone began."""
    zone = zoneinfo.ZoneInfo(timezone_name)
    return datetime.combine(now.astimezone(zone).date(), datetime.min.time(), zone)
