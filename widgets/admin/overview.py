"""The reports: figures of today and of 30 days, as charts, tables and CSV."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from loquent.organizations.admin.spreadsheets import to_csv
from loquent.organizations.site.current import current_organization
from widgets.admin.charts import Chart, bar_chart, line_chart
from widgets.services.overview import Figures, Overview, count_figures

Value = int | float | None
COLUMNS: tuple[tuple[str, Callable[[Figures], Value]], ...] = (
    ("Conversations", lambda day: day.conversations),
    ("Messages", lambda day: day.messages),
    ("Answered", lambda day: day.answered),
    ("No answer found", lambda day: day.no_answer),
    ("Declined", lambda day: day.refused),
    ("Stopped", lambda day: day.stopped),
    ("Failed", lambda day: day.failed),
    ("Answered by people", lambda day: day.by_people),
    ("Handed over", lambda day: day.handed_over),
    ("Ratings of people", lambda day: day.ratings),
    ("Average rating", lambda day: day.rating and round(day.rating, 2)),
    ("First token, median (ms)", lambda day: day.median_ms),
    ("First token, 95 % within (ms)", lambda day: day.p95_ms),
    ("Refused by the daily cap", lambda day: day.caps_hit),
    ("Thumbs up", lambda day: day.thumbs_up),
    ("Thumbs down", lambda day: day.thumbs_down),
    ("Input tokens", lambda day: day.input_tokens),
    ("Output tokens", lambda day: day.output_tokens),
)


def reports_page(request: HttpRequest) -> HttpResponse:
    """Show the figures of the current organization; of all, for a superuser who chose them."""
    context = {**admin.site.each_context(request), "title": "Reports"}
    if not _may_look(request):
        return TemplateResponse(request, "admin/reports.html", context)
    overview = _count(request)
    context |= {"cards": _cards(overview), "charts": _charts(overview), "has_figures": True}
    return TemplateResponse(request, "admin/reports.html", context)


def overview_csv(request: HttpRequest) -> HttpResponse:
    """Return the same figures as CSV, one row per day."""
    name = str(current_organization(request) or "All organizations")
    rows: list[Sequence[object]] = [("Organization", "Day", *(title for title, _ in COLUMNS))]
    if _may_look(request):
        for day, figures in _count(request).days.items():
            rows.append((name, day.isoformat(), *(value(figures) for _, value in COLUMNS)))
    response = HttpResponse(to_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="overview.csv"'
    return response


def _may_look(request: HttpRequest) -> bool:
    return current_organization(request) is not None or bool(
        getattr(request.user, "is_superuser", False)
    )


def _count(request: HttpRequest) -> Overview:
    return count_figures(organization=current_organization(request), now=timezone.now())


def _cards(overview: Overview) -> list[dict[str, str]]:
    pairs: tuple[tuple[str, Callable[[Figures], str]], ...] = (
        ("Conversations", lambda f: f"{f.conversations:,}"),
        ("Messages", lambda f: f"{f.messages:,}"),
        ("Answered", lambda f: f"{f.answered:,}"),
        ("No answer found", lambda f: f"{f.no_answer:,}"),
        ("Failed", lambda f: f"{f.failed:,}"),
        ("Answered by people", lambda f: f"{f.by_people:,}"),
        ("Handed over", lambda f: f"{f.handed_over:,}"),
        ("Rating of people", _stars),
        ("Answers start after (typical)", lambda f: seconds(f.median_ms)),
        ("Answers start after (slowest 5 %)", lambda f: seconds(f.p95_ms)),
        ("Over the daily limit", lambda f: f"{f.caps_hit:,}"),
        ("Thumbs up / down", lambda f: f"{f.thumbs_up:,} / {f.thumbs_down:,}"),
        ("Tokens", lambda f: f"{f.tokens:,}"),
    )
    return [
        {"title": title, "today": show(overview.today), "total": show(overview.total)}
        for title, show in pairs
    ]


def _stars(figures: Figures) -> str:
    if figures.rating is None:
        return "–"
    return f"{figures.rating:.1f} of 5 ({figures.ratings:,})"


def seconds(milliseconds: int | None) -> str:
    """Return a time for display: “0.48 s”, or a dash if there was no measurement."""
    return "–" if milliseconds is None else f"{milliseconds / 1000:.2f} s"


# Rendering hundreds of numbers in a template would take longer than counting them.
def draw_bars(drawn: Chart, kinds: list[str]) -> SafeString:
    """Return the bars of a chart as SVG."""
    return format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}" class="lq-series-{}"><title>{}</title></rect>',
        (
            (bar.x, bar.y, drawn.bar_width, bar.height, kinds.index(bar.kind) + 1, bar.title)
            for bar in drawn.bars
        ),
    )


def _table_rows(rows: Iterable[Sequence[object]], columns: int) -> SafeString:
    row = '<tr><th scope="row">{}</th>' + "<td>{}</td>" * columns + "</tr>"
    return format_html_join("", row, rows)


def _charts(overview: Overview) -> list[dict[str, Any]]:
    days = [f"{day.day} {day:%B}" for day in overview.days]
    of = list(overview.days.values())

    def chart(title: str, drawn: Chart, columns: dict[str, list[Any]], top: str) -> dict[str, Any]:
        rows = list(zip(days, *columns.values(), strict=True))[::-1]
        return {
            "title": title, "chart": drawn, "columns": list(columns), "top": top,
            "bars": draw_bars(drawn, list(columns)), "rows": _table_rows(rows, len(columns)),
            "first": days[0], "last": days[-1],
        }  # fmt: skip

    messages = {"Messages": [f.messages for f in of]}
    conversations = {"Conversations": [f.conversations for f in of]}
    answers = {
        "Answered": [f.answered for f in of],
        "No answer found": [f.no_answer for f in of],
        "Failed": [f.failed for f in of],
    }
    medians, slow = [f.median_ms for f in of], [f.p95_ms for f in of]
    tokens = {"Input": [f.input_tokens for f in of], "Output": [f.output_tokens for f in of]}
    thumbs = {"Up": [f.thumbs_up for f in of], "Down": [f.thumbs_down for f in of]}
    caps = {"Refused": [f.caps_hit for f in of]}
    times = line_chart({"Typical": medians, "Slowest 5 %": slow})
    shown = {
        "Typical": [seconds(value) for value in medians],
        "Slowest 5 %": [seconds(value) for value in slow],
    }
    bars = [
        ("Conversations", conversations), ("Messages", messages), ("Answers", answers),
        ("Tokens", tokens), ("Thumbs", thumbs), ("Over the daily limit", caps),
    ]  # fmt: skip
    charts = [
        chart(title, drawn, columns, f"{drawn.top:,}")
        for title, columns in bars
        for drawn in [bar_chart(days, columns)]
    ]
    charts.insert(3, chart("Time until answers start", times, shown, seconds(times.top)))
    return charts
