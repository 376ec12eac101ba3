"""The loads: as many questions as the server can take, or a fixed number a second."""

import asyncio
import copy
import itertools
import time
from dataclasses import dataclass

from benchmarks.crowd import ANSWER_SECONDS, Crowd, LoadError, Tally, Visitor
from benchmarks.processes import cpu_seconds
from benchmarks.stage import Contestant

# Visitors don't begin in step.
SPREAD_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Sample:
    """One run. Times in seconds; `cpu` of each process tree while it ran."""

    seconds: float
    tally: Tally
    cpu: dict[str, float]

    @property
    def replies_per_second(self) -> float:
        """Whole answers a second."""
        return self.tally.replies / self.seconds

    def cpu_share(self, name: str) -> float:
        """How much of one core a process tree used: 1.0 is all of it."""
        return self.cpu[name] / self.seconds

    def cpu_per_1000(self, name: str = "server") -> float:
        """CPU seconds of a process tree for 1,000 replies."""
        return self.cpu[name] / max(self.tally.replies, 1) * 1_000


class Watch:
    """Reads the clocks of the processes that take part: `pids` by name."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._pids = pids
        self._before = self._read()
        self._began = time.perf_counter()

    def sample(self, tally: Tally) -> Sample:
        """What passed since this was made."""
        seconds = time.perf_counter() - self._began
        after = self._read()
        cpu = {name: after[name] - before for name, before in self._before.items()}
        # A copy: what is still being answered doesn't count.
        return Sample(seconds, copy.deepcopy(tally), cpu)

    def _read(self) -> dict[str, float]:
        clocks = {name: cpu_seconds(pid) for name, pid in self._pids.items()}
        # The visitors live in this process.
        return clocks | {"client": time.process_time()}


async def saturate(
    contestant: Contestant, pids: dict[str, int], *, sockets: int, warm: float, seconds: float
) -> Sample:
    """Every visitor asks again as soon as it was answered; the first `warm` seconds don't count."""
    crowd = Crowd(contestant.dialect(), port=contestant.process.port)
    is_over = False

    def again(visitor: Visitor) -> None:
        if not is_over:
            visitor.ask()

    crowd.answered = again
    try:
        visitors = await crowd.open(sockets)
        loop = asyncio.get_running_loop()
        for number, visitor in enumerate(visitors):
            loop.call_later(SPREAD_SECONDS * number / sockets, visitor.ask)
        await asyncio.sleep(warm)
        crowd.tally = Tally(failures=crowd.tally.failures)
        watch = Watch(pids)
        await asyncio.sleep(seconds)
        sample = watch.sample(crowd.tally)
        is_over = True
        await crowd.until_answered()
    finally:
        await crowd.close()
    crowd.check()
    if not sample.tally.replies:
        raise LoadError(f"{contestant.name} did not answer once in {seconds} s.")
    return sample


async def pace(
    contestant: Contestant,
    pids: dict[str, int],
    *,
    sockets: int,
    warm: float,
    seconds: float,
    rate: float,
    until: asyncio.Event | None = None,
) -> Sample:
    """`rate` questions a second, evenly, whatever is still being answered.

    For so many seconds, and if there is an event, until it is set.
    """
    crowd = Crowd(contestant.dialect(), port=contestant.process.port)
    try:
        visitors = await crowd.open(sockets)
        await _ask_evenly(visitors, count=int(warm * rate), rate=rate)
        await crowd.until_answered()
        crowd.tally = Tally(failures=crowd.tally.failures)
        watch = Watch(pids)
        await _ask_evenly(visitors, count=int(seconds * rate), rate=rate, until=until)
        await crowd.until_answered()
        sample = watch.sample(crowd.tally)
    finally:
        await crowd.close()
    crowd.check()
    return sample


async def visit(
    contestant: Contestant,
    pids: dict[str, int],
    *,
    at_once: int,
    replies: int,
    warm: float,
    seconds: float,
) -> Sample:
    """So many visitors at once: each opens a socket, asks `replies` times, and another comes."""
    crowd = Crowd(contestant.dialect(), port=contestant.process.port)
    crowd.answered = _tell_done
    is_over = False

    async def visitors() -> None:
        while not is_over:
            (visitor,) = await crowd.open(1)
            for _ in range(replies):
                visitor.done = asyncio.get_running_loop().create_future()
                visitor.ask()
                async with asyncio.timeout(ANSWER_SECONDS):
                    await visitor.done
            visitor.leave()
            crowd.visitors.remove(visitor)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(visitors())
            await asyncio.sleep(warm)
            crowd.tally = Tally(failures=crowd.tally.failures)
            watch = Watch(pids)
            await asyncio.sleep(seconds)
            sample = watch.sample(crowd.tally)
            is_over = True
    except* (LoadError, TimeoutError) as errors:
        reason = crowd.tally.failures[:1] or errors.exceptions
        raise LoadError(f"{contestant.name}: {reason[0]}") from None
    finally:
        await crowd.close()
    return sample


def _tell_done(visitor: Visitor) -> None:
    if visitor.done is not None and not visitor.done.done():
        visitor.done.set_result(None)


async def _ask_evenly(
    visitors: list[Visitor], *, count: int, rate: float, until: asyncio.Event | None = None
) -> None:
    began = time.perf_counter()
    for number in itertools.count():
        if number >= count and (until is None or until.is_set()):
            return
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        visitor = visitors[number % len(visitors)]
        if visitor.is_waiting:
            raise LoadError("The server is slower than the rate: more sockets or a lower rate.")
        visitor.ask()
