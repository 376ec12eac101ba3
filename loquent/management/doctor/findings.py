"""Findings of the doctor, and their levels."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The severity: users notice a `fail`; a `warn` may be intended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; `mend` says how to fix it, if it needs fixing."""

    id: str
    level: Level
    message: str
    mend: str = ""


Findings = Iterable[Finding]


def ok(name: str, message: str) -> Finding:
    """Return a finding without a problem."""
    return Finding(name, Level.OK, message)


def warn(name: str, message: str, mend: str) -> Finding:
    """Return a finding that may be intended but may cause problems."""
    return Finding(name, Level.WARN, message, mend)


def fail(name: str, message: str, mend: str) -> Finding:
    """Return a finding that something is broken or unsafe."""
    return Finding(name, Level.FAIL, message, mend)
