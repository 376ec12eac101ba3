"""Writes what was measured: RESULTS.md and its plots."""

from datetime import UTC, datetime
from pathlib import Path

from benchmarks import tables
from benchmarks.answer import GAP_SECONDS, MODEL_SECONDS, TOKENS
from benchmarks.contestants.registry import ENTRIES
from benchmarks.machine import machine, versions
from benchmarks.measure import Plan, Results
from benchmarks.plots import bars, lines
from benchmarks.rounds import spread

RESULTS = Path(__file__).parent / "RESULTS.md"
CPU_PLOT = "results-cpu.svg"
GROWTH_PLOT = "results-growth.svg"
INTRODUCTION = """\
How much a server takes, by what it costs. Written by `python -m benchmarks`, which
[README.md](README.md) explains; another run on the same machine differs by up to 15 %.

"CPU s/1000" is the CPU time, user and system, of all of a server's processes for 1,000 replies, as
`/proc` has it: the steadiest figure. PostgreSQL, Redis, the model and the visitors are not in it.
Figures are medians of rounds in which the servers were driven in turn, and in brackets the smallest
and the largest. "Ours to it" is the median of the ratios round by round.
"""


def text(plan: Plan, results: Results) -> str:
    """The whole page."""
    servers = [[f"`{name}`", entry.label] for name, entry in ENTRIES.items()]
    model = (
        f"The model answers with {len(TOKENS)} tokens, {GAP_SECONDS * 1_000:.0f} ms apart, and "
        f"takes {MODEL_SECONDS * 1_000:.0f} ms itself. PostgreSQL waits for the disk (fsync on). "
        f"Runs took {plan.seconds:.0f} s, {plan.rounds} rounds."
    )
    parts = [
        "# Results",
        INTRODUCTION,
        _setting(),
        model,
        tables.table(("name", "server"), servers),
    ]
    for title, section in _sections(results):
        parts += [f"## {title}", *section]
    parts += [f"Left out: {name}: {why}" for name, why in results.left_out.items()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _setting() -> str:
    day = datetime.now(UTC).date().isoformat()
    return "\n".join([f"- {day}, {machine()}", *(f"- {line}" for line in versions())])


def _sections(results: Results) -> list[tuple[str, list[str]]]:
    sections = []
    if results.saturation.samples:
        plot = f"![Replies per CPU second of each server]({CPU_PLOT})"
        sections.append(("As many replies as it can", [*tables.saturation(results), plot]))
    if results.rate.samples:
        sections.append(("Ten messages a second", tables.rate(results.rate)))
    if results.idle:
        sections.append(("Visitors who say nothing", tables.idle(results.idle)))
    if results.curves:
        plot = f"![CPU of a reply as the tables grow]({GROWTH_PLOT})"
        sections.append(("As the tables grow", [*tables.growth(results.curves), plot]))
    if results.two.samples:
        sections.append(("Two processes", tables.two(results.two)))
    if results.starts:
        first = f"The first page came {spread(results.starts)} s after `serve` was started."
        sections.append(("Start", [first]))
    return sections


def plots(results: Results) -> dict[str, str]:
    """File names and their SVG."""
    found = {}
    if results.saturation.samples:
        values = {
            name: 1_000 / tables.median(runs, lambda one: one.cpu_per_1000())
            for name, runs in results.saturation.samples.items()
        }
        found[CPU_PLOT] = bars("Replies per CPU second", "", values)
    curves = {
        f"{curve.what}, to {curve.points[-1][0]:,}": [
            tables.median(runs, lambda one: one.cpu_per_1000() + one.cpu_per_1000("postgresql"))
            for _, runs in curve.points
            if runs
        ]
        for curve in results.curves
    }
    if curves and all(curves.values()):
        steps = max(len(values) for values in curves.values())
        ticks = [f"step {number}" for number in range(1, steps + 1)]
        title = "CPU of a reply as the tables grow, server and PostgreSQL"
        found[GROWTH_PLOT] = lines(title, ticks, curves, unit="CPU s/1000")
    return found


def write(plan: Plan, results: Results, path: Path = RESULTS) -> None:
    """Write the page, and the plots beside it."""
    path.write_text(text(plan, results), encoding="utf-8")
    for name, svg in plots(results).items():
        path.with_name(name).write_text(svg, encoding="utf-8")
