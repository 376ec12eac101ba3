"""Kinds of jobs for tests. Importing this module makes them known."""

import asyncio
import threading
from collections.abc import Collection
from datetime import timedelta

from django_tasks import task

from loquent.jobs.kinds import GiveUp, RetryLater
from loquent.jobs.models import Job

RAN: list[str] = []
# The jobs that wait for `RELEASE`, now and at most.
HELD: list[str] = []
RELEASE = threading.Event()
ERRORS: list[Exception] = []


@task(kind="test-note", title="Note a word", retry_seconds=(10, 100))
def note(word: str) -> None:
    RAN.append(word)


@task(kind="test-fail", title="Fail", retry_seconds=(10, 100))
def fail(word: str) -> None:
    RAN.append(word)
    raise ValueError("a secret")


@task(kind="test-later", title="Wait for what the other side says")
def later(seconds: int) -> None:
    raise RetryLater("The other side is busy.", seconds=seconds)


@task(kind="test-mixed", title="Wait, or fail", retry_seconds=(10, 100))
def later_or_fail() -> None:
    """Wait 90 seconds after each attempt; while `ERRORS` has one, raise it instead."""
    if ERRORS:
        raise ERRORS.pop()
    raise RetryLater("The other side is busy.", seconds=90)


@task(kind="test-give-up", title="Give up")
def give_up() -> None:
    raise GiveUp("The address does not exist.")


def fail_to_note(args: list[str], reason: str) -> None:
    # Without a time, which the database refuses: on PostgreSQL, that ends the transaction.
    Job.objects.create(kind="test-unnoted")


@task(kind="test-unnoted", title="Fail unnoted", on_failure=fail_to_note, retry_seconds=())
def unnoted(word: str) -> None:
    raise ValueError


@task(kind="test-hold", title="Hold", at_once=4, timeout=30)
async def hold(word: str) -> None:
    HELD.append(word)
    while not RELEASE.is_set():  # noqa: ASYNC110 - the event is set on any loop's thread
        await asyncio.sleep(0.01)
    HELD.remove(word)
    RAN.append(word)


def doubtful(groups: Collection[str]) -> set[str]:
    return {group for group in groups if group.startswith("dead")}


@task(kind="test-doubtful", title="Doubt", at_once=3, places=16, doubtful=doubtful)
def doubt(word: str) -> None:
    RAN.append(word)


@task(kind="test-slow", title="Take too long", timeout=0.05, retry_seconds=())
async def slow() -> None:
    await asyncio.sleep(60)


@task(kind="test-thread", title="Hold a thread")
def hold_thread(word: str) -> None:
    HELD.append(word)
    RELEASE.wait(60)
    HELD.remove(word)
    RAN.append(word)


@task(kind="test-daily", title="Every day", every=timedelta(days=1), at=timedelta(hours=3))
def daily() -> None:
    """Run by every worker, in whatever test: it notes nothing."""
