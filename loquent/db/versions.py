"""Compare row versions, so that editors don't overwrite each other unnoticed. Pure.

A version is the time when the row was last saved.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from loquent.errors import VersionConflictError

# What a caller has read: one version, several acceptable ones, or None to skip the comparison.
ExpectedVersion = str | Collection[str] | None

FORMAT = "%Y%m%d%H%M%S%f"


def version_of(saved_at: datetime) -> str:
    """Return the version of a row saved at that time: 20 digits that sort chronologically."""
    return f"{saved_at.astimezone(UTC):{FORMAT}}"


def read_version(version: str) -> datetime | None:
    """Return the time encoded in a version; None if the text is not a version."""
    try:
        return datetime.strptime(version, FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def check_version(
    expected: ExpectedVersion,
    version: str,
    *,
    noun: str,
    changes: Callable[[str], Mapping[str, Any]],
) -> None:
    """Raise VersionConflictError unless the version of the locked row is an expected one.

    `noun`: the noun for the row, such as "widget". `changes`: returns the current values of what
    changed since a version.
    """
    wanted = [expected] if isinstance(expected, str) else expected
    if wanted is None or version in wanted:
        return
    current = dict(changes(next(iter(wanted), "")))
    what = f"Changed: {', '.join(sorted(current))}." if current else "No setting differs."
    raise VersionConflictError(
        f"This {noun} has changed since you read it. {what} Read it again, then save.",
        current=current,
    )
