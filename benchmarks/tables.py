"""The tables of a run, in Markdown."""

import statistics
from collections.abc import Callable, Sequence

from benchmarks.answer import MODEL_SECONDS
from benchmarks.contestants.registry import ENTRIES
from benchmarks.growth import Curve
from benchmarks.idle import Idle
from benchmarks.load import Sample
from benchmarks.measure import Results
from benchmarks.rounds import Comparison, milliseconds, percentile, spread

OURS = "loquent"
# Where visitors and model use more of a core than this, they may be the limit.
BUSY = 0.85


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def median(samples: Sequence[Sample], value: Callable[[Sample], float]) -> float:
    """The median of a figure of all rounds."""
    return statistics.median(value(sample) for sample in samples)


def ratio(comparison: Comparison, name: str, value: Callable[[Sample], float]) -> str:
    """How many times as much ours is: the median of the rounds, each compared with its own."""
    ours, theirs = comparison.samples.get(OURS), comparison.samples.get(name)
    if not ours or not theirs:
        return "–"
    pairs = zip(ours, theirs, strict=False)
    return f"{statistics.median(value(a) / value(b) for a, b in pairs):.2f}"


def failures(comparison: Comparison) -> list[str]:
    """What could not be measured."""
    return [f"Not measured: {name}: {why}" for name, why in comparison.failures.items()]


def _per_cpu_second(sample: Sample) -> float:
    return 1_000 / sample.cpu_per_1000()


def saturation(results: Results) -> list[str]:
    """Replies a second, and what they cost."""
    comparison = results.saturation
    rows = [
        [
            f"`{name}`",
            str(ENTRIES[name].sockets),
            spread([one.replies_per_second for one in runs], 0),
            ratio(comparison, name, lambda one: one.replies_per_second),
            spread([one.cpu_per_1000() for one in runs]),
            f"{median(runs, _per_cpu_second):,.0f}",
            ratio(comparison, name, _per_cpu_second),
            f"{median(runs, lambda one: one.cpu_per_1000('postgresql')):.2f}",
            f"{results.memory_kib[name] / 1_024:,.0f}",
        ]
        for name, runs in comparison.samples.items()
    ]
    head = (
        "server", "sockets", "replies/s", "ours to it", "CPU s/1000", "replies per CPU second",
        "ours to it", "PostgreSQL's CPU s/1000", "MiB after it",
    )  # fmt: skip
    return [table(head, rows), *failures(comparison), *_limits(comparison)]


def _limits(comparison: Comparison) -> list[str]:
    """Warnings where a server's figure may be that of the load."""
    return [
        f"In the runs of `{name}` the {who} used {share:.0%} of a core: it may be the limit."
        for name, runs in comparison.samples.items()
        for who in ("client", "model")
        if (share := median(runs, lambda one, who=who: one.cpu_share(who))) > BUSY  # type: ignore[misc]
    ]


def rate(comparison: Comparison) -> list[str]:
    """Times at a fixed rate."""
    rows = []
    for name, runs in comparison.samples.items():
        first = milliseconds([value for one in runs for value in one.tally.first_tokens])
        whole = milliseconds([value - MODEL_SECONDS for one in runs for value in one.tally.wholes])
        rounds = [percentile(milliseconds(one.tally.first_tokens), 50) for one in runs]
        rows.append(
            [
                f"`{name}`",
                spread(rounds, 1),
                f"{percentile(first, 99):.1f}",
                f"{percentile(whole, 50):.1f}",
                f"{percentile(whole, 99):.1f}",
                spread([one.cpu_per_1000() for one in runs]),
                str(len(first)),
            ]
        )
    head = (
        "server", "first token, ms, p50", "p99", "whole answer, ms, p50", "p99", "CPU s/1000",
        "answers",
    )  # fmt: skip
    return [table(head, rows), *failures(comparison)]


def idle(found: dict[str, Idle]) -> list[str]:
    """Memory of visitors who say nothing."""
    rows = [
        [
            f"`{name}`",
            f"{one.empty_kib / 1_024:,.0f}",
            ", ".join(f"{point.sockets:,}: {point.kib_per_socket:.1f}" for point in one.points),
            f"{2**20 / max(one.points[-1].kib_per_socket, 0.1):,.0f}",
            f"{one.cpu_share:.1%}",
        ]
        for name, one in found.items()
    ]
    head = (
        "server", "MiB without visitors", "KiB per socket", "sockets per GiB",
        "of a core, at the most sockets",
    )  # fmt: skip
    return [table(head, rows)]


def growth(curves: Sequence[Curve]) -> list[str]:
    """What a reply costs as tables grow."""
    rows = [
        [
            curve.what,
            f"{size:,}",
            spread([one.cpu_per_1000() for one in runs]),
            spread([one.cpu_per_1000("postgresql") for one in runs]),
            f"{median(runs, lambda one: one.replies_per_second):,.0f}",
        ]
        for curve in curves
        for size, runs in curve.points
        if runs
    ]
    head = ("what grows", "to", "CPU s/1000", "PostgreSQL's CPU s/1000", "replies/s")
    return [table(head, rows)]


def two(comparison: Comparison) -> list[str]:
    """Two processes beside one."""
    rows = [
        [
            name,
            spread([one.replies_per_second for one in runs], 0),
            spread([one.cpu_per_1000() for one in runs]),
            f"{median(runs, lambda one: one.cpu_per_1000('postgresql')):.2f}",
        ]
        for name, runs in comparison.samples.items()
    ]
    head = ("server", "replies/s", "CPU s/1000", "PostgreSQL's CPU s/1000")
    return [table(head, rows), *failures(comparison), *_two_to_one(comparison)]


def _two_to_one(comparison: Comparison) -> list[str]:
    one, both = (comparison.samples.get(name) for name in ("one process", "two processes"))
    if not one or not both:
        return []
    pairs = list(zip(one, both, strict=False))
    replies = statistics.median(b.replies_per_second / a.replies_per_second for a, b in pairs)
    cpu = statistics.median(b.cpu_per_1000() / a.cpu_per_1000() for a, b in pairs)
    return [
        f"Two give {replies:.2f} times the replies of one, at {cpu:.2f} times the CPU for each. "
        "Clients, model and database run on the same cores."
    ]
