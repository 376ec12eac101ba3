"""Plots as SVG, written by hand: bars and lines need no library."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH = 720
LEFT = 150
BAR = 22
GAP = 12
COLORS = ("#0f766e", "#b45309", "#4338ca", "#be123c")
STYLE = (
    "<style>text{font:13px system-ui,sans-serif;fill:#1f2937}.t{font-weight:600}"
    ".l{stroke:#d1d5db}rect.b{fill:#fff}</style>"
)


def bars(title: str, unit: str, values: Mapping[str, float]) -> str:
    """One bar for each name, longest first as given; the number stands at its end."""
    height = 44 + len(values) * (BAR + GAP)
    most = max(values.values())
    room = WIDTH - LEFT - 90
    parts = [_text(12, 24, title, "t")]
    for number, (name, value) in enumerate(values.items()):
        top = 40 + number * (BAR + GAP)
        size = max(1.0, value / most * room)
        color = COLORS[0] if name == "loquent" else "#9ca3af"
        parts += [
            _text(LEFT - 10, top + 16, name, anchor="end"),
            f'<rect x="{LEFT}" y="{top}" width="{size:.1f}" height="{BAR}" fill="{color}"/>',
            _text(LEFT + size + 8, top + 16, f"{value:,.3g} {unit}".strip()),
        ]
    return _svg(height, title, parts)


def lines(
    title: str, ticks: Sequence[str], curves: Mapping[str, Sequence[float]], *, unit: str
) -> str:
    """A line for each name over the same ticks, from zero; at most four."""
    height, top, bottom, left = 340, 60, 300, 60
    most = max(value for curve in curves.values() for value in curve) * 1.15
    step = (WIDTH - left - 200) / max(1, len(ticks) - 1)
    parts = [_text(12, 24, title, "t"), _text(12, 46, unit)]
    for share in (0, 0.5, 1):
        y = bottom - share * (bottom - top)
        parts += [
            f'<line class="l" x1="{left}" x2="{WIDTH - 190}" y1="{y}" y2="{y}"/>',
            _text(left - 8, y + 4, f"{most * share:.3g}", anchor="end"),
        ]
    for number, tick in enumerate(ticks):
        parts.append(_text(left + number * step, bottom + 22, tick, anchor="middle"))
    ends = []
    for (name, curve), color in zip(curves.items(), COLORS, strict=False):
        points = [
            (left + number * step, bottom - value / most * (bottom - top))
            for number, value in enumerate(curve)
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in points]
        ends.append((points[-1][1], points[-1][0], name))
    label = -1_000.0
    for y, x, name in sorted(ends):
        # One below the other where lines end close together.
        label = max(y + 4, label + 16)
        parts.append(_text(x + 8, label, name))
    return _svg(height, title, parts)


def _text(x: float, y: float, text: str, kind: str = "", *, anchor: str = "start") -> str:
    css = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{css}>{escape(text)}</text>'


def _svg(height: int, title: str, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}">\n{STYLE}\n'
        f'<rect class="b" width="{WIDTH}" height="{height}"/>\n{body}\n</svg>\n'
    )
