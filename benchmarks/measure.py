"""The modes: what each measures, of which servers, and how long."""

import time
import urllib.request
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace

from benchmarks.contestants.loquent import LoquentSite
from benchmarks.contestants.registry import ENTRIES
from benchmarks.crowd import LoadError
from benchmarks.environments import NotInstalledError
from benchmarks.growth import SIZES, Curve, measure_growth
from benchmarks.idle import Idle, allow_files, measure_idle
from benchmarks.load import Sample, pace, saturate
from benchmarks.processes import memory_kib
from benchmarks.rounds import Comparison, Run, compare
from benchmarks.stage import Contestant, Stage

RATE = 10.0
RATE_SOCKETS = 40
IDLE_STEPS = (1_000, 2_500, 5_000, 10_000)
# What opens and closes sockets slowly is not asked for more.
SLOW_IDLE_STEPS = (500, 1_000)
SLOW = ("chainlit",)
# What differs from another server only in how it answers.
ALIKE_WHEN_IDLE = ("reference-gathered",)
GROWTH_ROUNDS = 2
GROWTH_SECONDS = 5.0
GROWTH_WARM_SECONDS = 1.0
# More answers for the percentiles.
RATE_FACTOR = 5 / 3
STARTS = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. `seconds` of one run; `sockets` of `sat` in place of the usual ones."""

    modes: Sequence[str]
    servers: Sequence[str] = tuple(ENTRIES)
    _: KW_ONLY
    rounds: int = 3
    seconds: float = 6.0
    warm_seconds: float = 2.0
    sockets: int | None = None
    idle_steps: Sequence[int] = IDLE_STEPS
    settle_seconds: float = 2.0
    # As long as the servers let pass between two pings.
    idle_seconds: float = 20.0
    sizes: Mapping[str, Sequence[int]] = field(default_factory=lambda: SIZES)


@dataclass(slots=True)
class Results:
    """What was measured; what was not is empty."""

    saturation: Comparison = field(default_factory=Comparison)
    memory_kib: dict[str, int] = field(default_factory=dict)
    rate: Comparison = field(default_factory=Comparison)
    idle: dict[str, Idle] = field(default_factory=dict)
    curves: list[Curve] = field(default_factory=list)
    two: Comparison = field(default_factory=Comparison)
    starts: list[float] = field(default_factory=list)
    # Servers and modes that could not be measured, and why.
    left_out: dict[str, str] = field(default_factory=dict)


def start_all(plan: Plan, stage: Stage, results: Results) -> list[Contestant]:
    """The plan's servers, started unless they run already; those that can't be are noted."""
    contestants = []
    for name in plan.servers:
        if name in stage.contestants:
            contestants.append(stage.contestants[name])
            continue
        try:
            contestant = ENTRIES[name].start(stage)
        except NotInstalledError as error:
            results.left_out[name] = str(error)
            print(f"{name} is left out: {error}", flush=True)
            continue
        print(f"{name}: pid {contestant.process.pid}", flush=True)
        stage.contestants[name] = contestant
        contestants.append(contestant)
    return contestants


def _pids(contestant: Contestant, stage: Stage) -> dict[str, int]:
    return {"server": contestant.process.pid} | stage.pids()


def _saturating(plan: Plan, stage: Stage, *, sockets: int | None = None) -> Run:
    async def run(contestant: Contestant) -> Sample:
        usual = sockets or ENTRIES[contestant.name].sockets
        return await saturate(
            contestant,
            _pids(contestant, stage),
            sockets=plan.sockets or usual,
            warm=plan.warm_seconds,
            seconds=plan.seconds,
        )

    return run


async def _saturation(plan: Plan, stage: Stage, results: Results) -> None:
    contestants = start_all(plan, stage, results)
    run = _saturating(plan, stage)
    results.saturation = await compare(contestants, run, rounds=plan.rounds, what="sat")
    for contestant in contestants:
        results.memory_kib[contestant.name] = memory_kib(contestant.process.pid)


async def _rate(plan: Plan, stage: Stage, results: Results) -> None:
    async def run(contestant: Contestant) -> Sample:
        return await pace(
            contestant,
            _pids(contestant, stage),
            sockets=RATE_SOCKETS,
            warm=plan.warm_seconds,
            seconds=plan.seconds * RATE_FACTOR,
            rate=RATE,
        )

    contestants = start_all(plan, stage, results)
    results.rate = await compare(contestants, run, rounds=plan.rounds, what="rate")


async def _idle(plan: Plan, stage: Stage, results: Results) -> None:
    most = allow_files()
    distinct = [name for name in plan.servers if name not in ALIKE_WHEN_IDLE]
    for contestant in start_all(replace(plan, servers=distinct), stage, results):
        steps = [step for step in plan.idle_steps if step <= most]
        if contestant.name in SLOW:
            steps = [step for step in SLOW_IDLE_STEPS if step <= max(plan.idle_steps)] or steps[:1]
        try:
            results.idle[contestant.name] = await measure_idle(
                contestant, steps, settle=plan.settle_seconds, watch=plan.idle_seconds
            )
        except LoadError as error:
            results.left_out[f"{contestant.name}, idle"] = str(error)
            print(f"idle {contestant.name}: {error}", flush=True)


async def _growth(plan: Plan, stage: Stage, results: Results) -> None:
    site = LoquentSite(stage)
    results.curves = await measure_growth(
        stage,
        site,
        site.start(),
        sizes=plan.sizes,
        warm=min(plan.warm_seconds, GROWTH_WARM_SECONDS),
        rounds=min(plan.rounds, GROWTH_ROUNDS),
        seconds=min(plan.seconds, GROWTH_SECONDS),
    )


async def _two(plan: Plan, stage: Stage, results: Results) -> None:
    site = LoquentSite(stage)
    contestants = [
        site.start(name="one process"),
        site.start(name="two processes", workers=2),
    ]
    run = _saturating(plan, stage, sockets=ENTRIES["loquent"].sockets)
    results.two = await compare(contestants, run, rounds=plan.rounds, what="two")


async def _start(plan: Plan, stage: Stage, results: Results) -> None:
    site = LoquentSite(stage)
    for _ in range(min(plan.rounds, STARTS)):
        began = time.monotonic()
        contestant = site.start()
        url = f"http://127.0.0.1:{contestant.process.port}/admin/login/"
        with urllib.request.urlopen(url, timeout=30) as response:  # noqa: ASYNC210
            response.read()
        results.starts.append(time.monotonic() - began)
        contestant.process.end()
        print(f"start: first page after {results.starts[-1]:.2f} s", flush=True)


MODES: Mapping[str, Callable[[Plan, Stage, Results], Awaitable[None]]] = {
    "sat": _saturation,
    "rate": _rate,
    "idle": _idle,
    "growth": _growth,
    "two": _two,
    "start": _start,
}


async def measure(plan: Plan) -> Results:
    """Run the plan's modes, each on fresh servers."""
    results = Results()
    allow_files()
    for mode in plan.modes:
        began = time.monotonic()
        with Stage() as stage:
            await MODES[mode](plan, stage, results)
        print(f"{mode}: {time.monotonic() - began:.0f} s", flush=True)
    return results
