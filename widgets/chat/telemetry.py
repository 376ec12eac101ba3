"""The metrics and traces of chats."""

import asyncio
import functools
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from loquent.agents.services.breaker import breakers
from loquent.agents.services.slots import slots
from loquent.db.threads import in_database
from loquent.jobs.queue import measure_jobs
from loquent.telemetry import metrics, tracing
from widgets.chat.bus import bus
from widgets.services.turns.handing_over import Outcome
from widgets.services.turns.waiting import QueueState, measure_queue

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MEASURE_SECONDS = 3.0
Runner = TypeVar("Runner")
Result = TypeVar("Result")
_cpu_seconds = 0.0


def note_turn(outcome: Outcome | None) -> None:
    """Count a turn that has ended; None: its answer could not be written."""
    if outcome is None:
        metrics.TURNS.labels("lost").inc()
        return
    metrics.TURNS.labels(outcome.status).inc()
    if outcome.first_token_ms is not None:
        metrics.FIRST_TOKEN.observe(outcome.first_token_ms / 1000)
    if outcome.duration_ms is not None:
        metrics.TURN_TIME.observe(outcome.duration_ms / 1000)


def note_interrupted() -> None:
    """Count a turn that was ended because its processes died."""
    metrics.TURNS.labels("interrupted").inc()


def traced_turn(
    run_one: Callable[[Runner, Any], Awaitable[Result]],
) -> Callable[[Runner, Any], Awaitable[Result]]:
    """Decorate the turn runner: a turn is a span below the message that it answers."""

    @functools.wraps(run_one)
    async def run(runner: Runner, turn: Any) -> Result:
        parent = tracing.take(turn.claimed.message_id)
        with tracing.span("turn", parent=parent) as span:
            result = await run_one(runner, turn)
            span.set("loquent.outcome", turn.outcome.status)
        return result

    return run


async def measure_process() -> None:
    """Record this process's state; once per second is enough."""
    global _cpu_seconds  # noqa: PLW0603 - a process has one processor clock
    metrics.PROCESSES.set(1)
    metrics.frames.count()
    memory = _resident_bytes()
    metrics.MEMORY.set(memory)
    metrics.MEMORY_OF_LARGEST.set(memory)
    cpu = time.process_time()
    metrics.CPU.inc(cpu - _cpu_seconds)
    _cpu_seconds = cpu
    metrics.MODEL_SLOTS.labels("running").set(slots.running)
    metrics.MODEL_SLOTS.labels("waiting").set(slots.waiting)
    metrics.BREAKERS_OPEN.set(breakers.count_open())
    metrics.DATABASE_THREADS.labels("all").set(settings.DATABASE_THREADS)
    metrics.REDIS_UP.set(bool(settings.REDIS_URL) and not bus.is_down)
    began = time.perf_counter()
    await asyncio.sleep(0)
    metrics.LOOP_LAG.set(time.perf_counter() - began)


async def measure_deployment() -> None:
    """Record values that only the database has, for a scrape, which it delays by 3 s at most."""
    metrics.frames.count()
    try:
        async with asyncio.timeout(MEASURE_SECONDS):
            state: QueueState = await in_database(measure_queue)
            jobs = await in_database(measure_jobs)
    except Exception:  # noqa: BLE001 - whatever ails the database: the metrics say so
        metrics.DATABASE_UP.set(0)
        return
    metrics.DATABASE_UP.set(1)
    metrics.TURNS_WAITING.set(state.waiting)
    metrics.TURNS_RUNNING.set(state.running)
    metrics.OLDEST_WAIT.set(state.oldest_wait_seconds)
    metrics.JOBS_DUE.set(jobs.due)
    metrics.JOBS_OLDEST_DUE.set(jobs.oldest_seconds)
    metrics.JOBS_RUNNING.set(jobs.running)
    metrics.JOBS_FAILED.set(jobs.failed)


def _resident_bytes() -> int:
    try:
        fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    except OSError:
        # Not Linux.
        return 0
    return int(fields[1]) * PAGE_BYTES
