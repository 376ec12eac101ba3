"""Draw the overview's charts as SVG shapes on the server, without styles or scripts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 600, 120
GAP = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of a chart, and its label."""

    x: float
    y: float
    height: float
    title: str
    kind: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Stacked bars or lines over the same days; `top` is the value at the upper edge."""

    width: int
    height: int
    bar_width: float
    top: int
    bars: tuple[Bar, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()


def bar_chart(labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> Chart:
    """Return bars per label; several series are stacked, the first at the bottom."""
    top = max((sum(values) for values in zip(*series.values(), strict=True)), default=0)
    step = WIDTH / max(1, len(labels))
    bars = []
    for at, label in enumerate(labels):
        below = 0.0
        for kind, values in series.items():
            height = round(HEIGHT * values[at] / top, 1) if top else 0.0
            if height:
                y = round(HEIGHT - below - height, 1)
                bars.append(Bar(round(at * step, 1), y, height, f"{label}: {values[at]}", kind))
            below += height
    return Chart(WIDTH, HEIGHT, round(step - GAP, 1), top, bars=tuple(bars))


def line_chart(series: Mapping[str, Sequence[int | None]]) -> Chart:
    """Return a line per series; days without a value are left out."""
    known = [value for values in series.values() for value in values if value is not None]
    top = max(known, default=0)
    lines = []
    for kind, values in series.items():
        step = WIDTH / max(1, len(values))
        points = [
            f"{'L' if at else 'M'}{(day + 0.5) * step:.1f} {HEIGHT - HEIGHT * value / top:.1f}"
            for at, (day, value) in enumerate(
                (day, value) for day, value in enumerate(values) if value is not None
            )
            if top
        ]
        # A single point is drawn as a dot (`.lq-point`).
        lines.append((kind, " ".join(points) + (" h0.1" if len(points) == 1 else "")))
    return Chart(WIDTH, HEIGHT, 0, top, lines=tuple(lines))
