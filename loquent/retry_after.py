"""Reads how long an endpoint asks to wait: Retry-After (RFC 9110, section 10.2.3). Pure."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|sec|secs|seconds)?", re.IGNORECASE)


def wanted_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait; OpenAI and Azure also send milliseconds, which are preciser."""
    try:
        milliseconds = float(headers["Retry-After-Ms"])
    except (KeyError, ValueError):
        return parse_retry_after(headers.get("Retry-After"))
    return max(milliseconds / 1000, 0.0) if math.isfinite(milliseconds) else None


def parse_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds to wait, at least 0; None if the header is absent or malformed."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        if found := _SECONDS.fullmatch(value.strip()):  # "2s", as Go prints a duration
            unit = (found[2] or "s").lower()
            seconds = float(found[1]) / (1000 if unit == "ms" else 1)
        else:
            try:
                until = parsedate_to_datetime(value)
            except (ValueError, OverflowError):
                return None
            if until.tzinfo is None:
                until = until.replace(tzinfo=UTC)
            seconds = (until - (now or datetime.now(UTC))).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else None
