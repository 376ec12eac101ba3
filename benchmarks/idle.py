"""What a visitor costs who says nothing."""

import asyncio
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.crowd import Crowd, LoadError
from benchmarks.processes import cpu_seconds, memory_kib
from benchmarks.stage import Contestant

# As many as the slowest of the servers answers at once.
WARM_VISITORS = 4
# Files that a process needs besides its sockets.
OTHER_FILES = 500


@dataclass(frozen=True, slots=True)
class IdlePoint:
    """`sockets` open at once, and the KiB of each above the warm server's memory."""

    sockets: int
    kib_per_socket: float


@dataclass(frozen=True, slots=True)
class Idle:
    """A server's memory without visitors, in KiB, and with more and more of them.

    `cpu_share`: what the most of them used of one core, saying nothing.
    """

    empty_kib: int
    points: list[IdlePoint]
    cpu_share: float


def allow_files() -> int:
    """Raise the limit of open files, which children inherit; gives the sockets that fit in."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - OTHER_FILES


async def measure_idle(
    contestant: Contestant, steps: Sequence[int], *, settle: float, watch: float
) -> Idle:
    """Open sockets step by step, and read the memory of a fresh server.

    It has `settle` seconds after each step; its CPU is looked at for `watch` seconds.
    """
    crowd = Crowd(contestant.dialect(), port=contestant.process.port)
    try:
        empty = await _warm(contestant, settle)
        points = []
        for step in steps:
            await crowd.open(step - len(crowd.visitors))
            await asyncio.sleep(settle)
            kib = (memory_kib(contestant.process.pid) - empty) / step
            points.append(IdlePoint(step, kib))
            print(f"idle {contestant.name}: {step:,} sockets, {kib:.1f} KiB each", flush=True)
        cpu, began = cpu_seconds(contestant.process.pid), time.perf_counter()
        await asyncio.sleep(watch)
        share = (cpu_seconds(contestant.process.pid) - cpu) / (time.perf_counter() - began)
    finally:
        await crowd.close()
    crowd.check()
    return Idle(empty, points, share)


async def _warm(contestant: Contestant, settle: float) -> int:
    """Let the server load what it loads late; gives its memory then."""
    crowd = Crowd(contestant.dialect(), port=contestant.process.port)
    for visitor in await crowd.open(WARM_VISITORS):
        visitor.ask()
    await crowd.until_answered()
    await crowd.close()
    crowd.check()
    if crowd.tally.replies != WARM_VISITORS:
        raise LoadError(f"{contestant.name} answered only {crowd.tally.replies} visitors.")
    await asyncio.sleep(settle)
    return memory_kib(contestant.process.pid)
