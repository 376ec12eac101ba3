"""Versions of rows, so that two editors don't overwrite each other unseen. Pure.

A version says for each field what was in it: whoever comes back with an old one can be told
which fields have changed since, though nobody has kept the old values.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from typing import Any

from loquent.errors import VersionConflictError

# What a caller has read: one version, several of which any will do, or None for "don't compare".
ExpectedVersion = str | Collection[str] | None

_WHOLE, _FIELD = 24, 4


def version_of(values: Mapping[str, Any], *, saved_at: object) -> str:
    """The version of a row with these values (what JSON can carry), saved at that moment.

    Only letters, digits, `-` and `_`. The first 24 characters stand for the whole, then come 4 for
    each field, in the order of their names.
    """
    fields = "".join(_digest(values[name])[:_FIELD] for name in sorted(values))
    return _digest([dict(values), str(saved_at)])[:_WHOLE] + fields


def check_version(
    expected: ExpectedVersion, values: Mapping[str, Any], *, saved_at: object, noun: str
) -> None:
    """Raise VersionConflictError unless the row, locked by the caller, is an expected version.

    `values` and `saved_at`: as for `version_of`. `noun`: what the row is, such as "widget".
    """
    wanted = [expected] if isinstance(expected, str) else expected
    now = version_of(values, saved_at=saved_at)
    if wanted is None or now in wanted:
        return
    changed = _changed(next(iter(wanted), ""), now, sorted(values))
    what = f"Changed: {', '.join(changed)}." if changed else "No setting differs."
    raise VersionConflictError(
        f"This {noun} has changed since you read it. {what} Read it again, then save.",
        current={name: values[name] for name in changed},
    )


def _changed(old: str, now: str, names: list[str]) -> list[str]:
    """The fields that differ; all of them where the old version can't be read."""
    if len(old) != len(now):
        return names
    starts = range(_WHOLE, len(now), _FIELD)
    return [
        name
        for name, at in zip(names, starts, strict=True)
        if old[at : at + _FIELD] != now[at : at + _FIELD]
    ]


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
