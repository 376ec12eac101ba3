"""The benchmarks still run, with tiny numbers; what they measure is nobody's business here."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import machine, report
from benchmarks.__main__ import read_plan
from benchmarks.measure import MODES, Plan, Results
from benchmarks.stage import Stage

TINY = Plan(
    (),
    ("loquent", "reference"),
    rounds=1,
    # So long that the first answers of a cold server are among them.
    seconds=3,
    warm_seconds=1,
    settle_seconds=0.1,
    sockets=4,
    idle_steps=(8,),
    idle_seconds=0.1,
    sizes={"contacts": (5,), "sessions": (9,)},
)


@pytest.fixture(autouse=True)
def _nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page names versions of servers that aren't measured here; else they were downloaded."""
    monkeypatch.setattr(machine, "version_of", lambda *_: "1.2.3")


async def measured(folder: Path, *modes: str) -> Results:
    """What these modes measure, written into the folder."""
    plan, results = replace(TINY, modes=modes), Results()
    with Stage() as stage:
        for mode in modes:
            await MODES[mode](plan, stage, results)
    report.write(plan, results, folder / "RESULTS.md")
    assert results.left_out == {}
    return results


def is_drawn(plot: Path) -> bool:
    root = ElementTree.parse(plot).getroot()  # noqa: S314 - our own
    return root.tag.endswith("svg")


@pytest.mark.server
async def test_servers_are_measured_interleaved(tmp_path: Path) -> None:
    results = await measured(tmp_path, "sat", "rate", "idle")
    assert results.saturation.failures == results.rate.failures == {}
    assert set(results.saturation.samples) == set(results.rate.samples) == set(TINY.servers)
    assert all(sample.tally.replies for sample in results.saturation.samples["loquent"])
    assert all(sample.cpu["server"] for sample in results.saturation.samples["loquent"])
    assert results.idle["loquent"].points[0].sockets == 8
    assert "| `reference` |" in (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert is_drawn(tmp_path / report.CPU_PLOT)


@pytest.mark.server
async def test_table_growth_is_measured(tmp_path: Path) -> None:
    results = await measured(tmp_path, "growth")
    assert [curve.what for curve in results.curves] == list(TINY.sizes)
    assert all(samples for curve in results.curves for _, samples in curve.points)
    assert "## As the tables grow" in (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert is_drawn(tmp_path / report.GROWTH_PLOT)


def test_command_line_selects_measurements() -> None:
    plan, path = read_plan(["sat", "--servers", "loquent", "--rounds", "2", "--sockets", "9"])
    assert plan == Plan(("sat",), ("loquent",), rounds=2, sockets=9)
    assert path is None

    whole, path = read_plan([])
    assert whole == Plan(tuple(MODES))
    assert path == report.RESULTS

    with pytest.raises(SystemExit):
        read_plan(["sit"])
