"""Servers driven in turn, A B A B, so that what the machine does meanwhile meets all alike."""

import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.crowd import LoadError
from benchmarks.load import Sample
from benchmarks.stage import Contestant

Run = Callable[[Contestant], Awaitable[Sample]]


@dataclass(slots=True)
class Comparison:
    """The runs of each server by its name, in the order of the rounds; and who failed, and why."""

    samples: dict[str, list[Sample]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


async def compare(
    contestants: Sequence[Contestant], run: Run, *, rounds: int, what: str
) -> Comparison:
    """Run each server once a round. One that fails is left out from then on."""
    comparison = Comparison()
    for number in range(1, rounds + 1):
        for contestant in contestants:
            name = contestant.name
            if name in comparison.failures:
                continue
            try:
                sample = await run(contestant)
            except LoadError as error:
                comparison.failures[name] = str(error)
                print(f"{what} {number}/{rounds} {name}: {error}", flush=True)
                print(contestant.process.log_tail(), flush=True)
                continue
            comparison.samples.setdefault(name, []).append(sample)
            print(f"{what} {number}/{rounds} {name}: {describe(sample)}", flush=True)
    return comparison


def describe(sample: Sample) -> str:
    """One run in one line."""
    first = milliseconds(sample.tally.first_tokens)
    cpu = ", ".join(f"{name} {sample.cpu_per_1000(name):.2f}" for name in sample.cpu)
    return (
        f"{sample.replies_per_second:.1f} replies/s; CPU s/1000: {cpu}; "
        f"first token p50 {percentile(first, 50):.1f} ms, p99 {percentile(first, 99):.1f} ms"
    )


def milliseconds(seconds: Sequence[float]) -> list[float]:
    """Seconds as milliseconds."""
    return [value * 1_000 for value in seconds]


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent of them don't exceed; NaN where there are none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """The median, and from where to where the values go."""
    middle = f"{statistics.median(values):,.{digits}f}"
    return f"{middle} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"
