"""The benchmarks still run, with tiny numbers; what they measure is nobody's business here."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import report
from benchmarks.__main__ import read_plan
from benchmarks.measure import MODES, Plan, Results
from benchmarks.stage import Stage

TINY = Plan(
    ("sat", "rate", "idle", "growth"),
    ("loquent", "reference"),
    rounds=1,
    seconds=0.5,
    warm_seconds=0.2,
    settle_seconds=0.1,
    sockets=4,
    idle_steps=(8,),
    idle_seconds=0.1,
    sizes={"contacts": (5,), "sessions": (9,)},
)


@pytest.mark.server
async def test_its_modes_measure_and_is_written(tmp_path: Path) -> None:
    results = Results()
    with Stage() as stage:
        for mode in TINY.modes:
            await MODES[mode](TINY, stage, results)

    assert results.left_out == {}
    assert results.saturation.failures == results.rate.failures == {}
    assert set(results.saturation.samples) == set(results.rate.samples) == set(TINY.servers)
    assert all(sample.tally.replies for sample in results.saturation.samples["loquent"])
    assert all(sample.cpu["server"] for sample in results.saturation.samples["loquent"])
    assert results.idle["loquent"].points[0].sockets == 8
    assert [curve.what for curve in results.curves] == list(TINY.sizes)
    assert all(samples for curve in results.curves for _, samples in curve.points)

    page = tmp_path / "RESULTS.md"
    report.write(TINY, results, page)
    assert "| `reference` |" in page.read_text(encoding="utf-8")
    for plot in (report.CPU_PLOT, report.GROWTH_PLOT):
        root = ElementTree.parse(tmp_path / plot).getroot()  # noqa: S314 - our own
        assert root.tag.endswith("svg")


def test_the_command_line_says_what_to_measure() -> None:
    plan, path = read_plan(["sat", "--servers", "loquent", "--rounds", "2", "--sockets", "9"])
    assert plan == Plan(("sat",), ("loquent",), rounds=2, sockets=9)
    assert path is None

    whole, path = read_plan([])
    assert whole == Plan(tuple(MODES))
    assert path == report.RESULTS

    with pytest.raises(SystemExit):
        read_plan(["sit"])
