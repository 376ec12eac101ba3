"""What a reply costs as the tables grow: sessions, messages of a session, widgets, contacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.contestants.loquent import LoquentSite
from benchmarks.load import Sample, saturate, visit
from benchmarks.rounds import Comparison, compare
from benchmarks.stage import Contestant, Stage

AT_ONCE = 40
REPLIES_OF_A_VISIT = 2
SIZES: Mapping[str, Sequence[int]] = {
    "messages": (2, 100, 200),
    "widgets": (10, 1_000, 10_000),
    "contacts": (1_000, 100_000, 1_000_000),
    "sessions": (1_000, 30_000, 300_000),
}


@dataclass(frozen=True, slots=True)
class Curve:
    """The runs at each size of one table, smallest first."""

    what: str
    points: list[tuple[int, list[Sample]]]


async def measure_growth(
    stage: Stage,
    site: LoquentSite,
    contestant: Contestant,
    *,
    sizes: Mapping[str, Sequence[int]],
    warm: float,
    rounds: int,
    seconds: float,
) -> list[Curve]:
    """The curves, one after the other: what one has filled stays there for the next."""
    pids = {"server": contestant.process.pid} | stage.pids()
    curves = []
    for what, steps in sizes.items():
        points = []
        for size in steps:
            visitors = grown(site, contestant, what, size)

            async def run(one: Contestant, what: str = what) -> Sample:
                if what == "messages":
                    return await saturate(one, pids, sockets=AT_ONCE, warm=warm, seconds=seconds)
                return await visit(
                    one,
                    pids,
                    at_once=AT_ONCE,
                    replies=REPLIES_OF_A_VISIT,
                    warm=warm,
                    seconds=seconds,
                )

            runs: Comparison = await compare(
                [visitors], run, rounds=rounds, what=f"growth {size:,} {what},"
            )
            points.append((size, runs.samples.get(contestant.name, [])))
        curves.append(Curve(what, points))
    return curves


def grown(site: LoquentSite, contestant: Contestant, what: str, size: int) -> Contestant:
    """The server with visitors for whom this table has the size."""
    told = site.grow(what, size)
    widget_ids = told if what == "widgets" else None
    tokens = told if what == "messages" else []
    return Contestant(
        contestant.name,
        contestant.process,
        lambda: site.dialect(
            widget_ids=widget_ids, tokens=tokens, contacts=size if what == "contacts" else 0
        ),
    )
