"""The options of a task: when its jobs are retried, how many run at once, how often."""

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from django_tasks.base import Task
from django_tasks.exceptions import InvalidTaskError

P = ParamSpec("P")
T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Delays vary by this share, so that jobs that failed together don't return together.
JITTER = 0.1
RETRY_SECONDS = (5, 60, 300, 1_800, 7_200, 21_600)


class RetryLater(Exception):  # noqa: N818 - an instruction, not an error
    """Raised by a job: run it again after `seconds`, whatever its kind's schedule says.

    `reason` is a sentence for staff.
    """

    def __init__(self, reason: str, *, seconds: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.seconds = seconds


class GiveUp(Exception):  # noqa: N818
    """Raised by a job: fail it now, because another attempt would also fail.

    `reason` is a sentence for staff.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTask(Task[P, T]):
    """A task of the database backend; `@task(kind=…, title=…, …)` sets these fields.

    kind: its name in the database, in lists and in logs, which stays when the function moves.
    title: tells staff what it does.
    retry_seconds: the delay after each unexpected error in a row; afterwards the job has failed.
    at_once: how many jobs of one group run at once, on all workers together.
    places: how many of its jobs a worker runs at once, so that slow ones delay no other kind.
    doubtful: given names of groups, returns those whose jobs may be slow: they never get more than
      half of the places, and one job at a time once they have a quarter.
    timeout: seconds after which an asynchronous job is cancelled and counts as failed. Synchronous
      functions limit their own time.
    describe: given the first arguments of jobs, returns what each is about, for staff.
    on_failure: given the arguments of a job that has failed for good and the reason for staff,
      writes that into the job's domain row; in the transaction that fails the job.
    on_retry: given the arguments of such a job that is being retried, takes that back.
    every, at: run once per period, at this time after the period's start (UTC).
    """

    kind: str = ""
    title: str = ""
    retry_seconds: tuple[float, ...] = RETRY_SECONDS
    at_once: int = 4
    places: int = 50
    doubtful: Callable[[Collection[str]], set[str]] | None = None
    timeout: float = 60.0
    every: timedelta | None = None
    at: timedelta = field(default_factory=timedelta)
    describe: Callable[[list[str]], dict[str, str]] | None = None
    on_failure: Callable[[list[Any], str], None] | None = None
    on_retry: Callable[[list[Any]], None] | None = None

    def __post_init__(self) -> None:
        # `super()` without arguments doesn't work in a dataclass with slots.
        Task.__post_init__(self)
        if not self.kind or not self.title or ":" in self.kind or self.at_once < 1:
            raise InvalidTaskError("A task needs a kind without a colon, a title, and at_once > 0.")
        known = KINDS.setdefault(self.kind, self)
        if known.func is not self.func:
            raise InvalidTaskError(f"Two tasks are of the kind {self.kind}.")

    def delay_after(self, failures: int) -> float | None:
        """Return the seconds until the next attempt after so many failures, or None if no more."""
        if failures > len(self.retry_seconds):
            return None
        seconds = self.retry_seconds[failures - 1]
        return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311

    def current_slot(self, now: datetime) -> datetime | None:
        """Return when the latest period began that is due, or None for a task without periods."""
        if self.every is None:
            return None
        return now - (now - EPOCH - self.at) % self.every


KINDS: dict[str, JobTask[Any, Any]] = {}


def kind_of_group(group: str) -> str:
    """Return the kind with which a group's name starts."""
    return group.partition(":")[0]


def title_of(kind: str) -> str:
    """Return what jobs of a kind do, for staff; a kind that is not known here is itself."""
    return KINDS[kind].title if kind in KINDS else kind


def describe_jobs(jobs: Sequence[tuple[str, list[Any]]]) -> list[str]:
    """Return what jobs, as kind and arguments, are about; empty for those that don't say."""
    found: dict[str, dict[str, str]] = {}
    for kind in {kind for kind, _ in jobs}:
        describe = KINDS[kind].describe if kind in KINDS else None
        if describe is not None:
            found[kind] = describe([str(args[0]) for name, args in jobs if name == kind and args])
    return [found.get(kind, {}).get(str(args[0]), "") if args else "" for kind, args in jobs]
