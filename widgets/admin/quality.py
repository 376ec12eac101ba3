"""Show how well the assistant answers: outcomes and ratings by week, and the worst answers."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import formats

from loquent.agents.admin.entry_check import FIGURE_TITLES
from widgets.admin.charts import bar_chart
from widgets.admin.home.page import sessions_for
from widgets.admin.home.sections import list_url
from widgets.admin.overview import draw_bars
from widgets.admin.questions import evaluated_agents, questions_url
from widgets.services.conversations import visitor_name
from widgets.services.insights.quality import QualityWeek, count_quality, disliked_answers
from widgets.types import AnswerOutcome

COLUMNS = (
    (AnswerOutcome.ANSWERED, "Answered"),
    (AnswerOutcome.NO_ANSWER, "No answer found"),
    (AnswerOutcome.FAILED, "Failed"),
    (AnswerOutcome.REFUSED, "Declined"),
    (AnswerOutcome.STOPPED, "Stopped"),
    (AnswerOutcome.HANDED_OVER, "Handed over"),
)
# The outcomes that the chart shows.
CHARTED = COLUMNS[:3]


def quality_page(request: HttpRequest) -> HttpResponse:
    """Show the weeks and the disliked answers of the current organization."""
    context = {**admin.site.each_context(request), "title": "Quality"}
    sessions = sessions_for(request)
    if sessions is None:
        return TemplateResponse(request, "admin/quality.html", context)
    weeks = count_quality(sessions)
    labels = [formats.date_format(week.first_day, "j F") for week in weeks][::-1]
    series = {title: [week.outcomes[outcome] for week in weeks][::-1] for outcome, title in CHARTED}
    chart = bar_chart(labels, series)
    context |= {
        "has_figures": True,
        "chart": chart,
        "bars": draw_bars(chart, list(series)),
        "legend": list(series),
        "first": labels[0],
        "last": labels[-1],
        "titles": [title for _, title in COLUMNS],
        "weeks": [_row(week) for week in weeks],
        "evaluated": evaluated_agents(request),
        "figures": FIGURE_TITLES.values(),
        "answers": [
            {
                "question": answer.reply_to.content if answer.reply_to else "",
                "answer": answer.content,
                "comment": answer.rating_comment,
                "at": answer.created_at,
                "visitor": visitor_name(answer.session),
                "url": reverse("admin:widgets_widgetsession_change", args=[answer.session_id]),
                "test_url": questions_url(answer.session.widget.text_agent_id, answer.id),
            }
            for answer in disliked_answers(sessions)
        ],
    }
    return TemplateResponse(request, "admin/quality.html", context)


def _row(week: QualityWeek) -> dict[str, Any]:
    first = week.first_day
    return {
        "name": f"{formats.date_format(first, 'j F')}",
        "total": _number(week.conversations, week=first),
        "cells": [
            *(
                _number(week.outcomes[outcome], week=first, answer=outcome.value)
                for outcome, _ in COLUMNS
            ),
            _number(week.liked, week=first, end="liked"),
            _number(week.disliked, week=first, end="disliked"),
        ],
    }


def _number(count: int, **parameters: object) -> dict[str, Any]:
    return {"count": count, "url": list_url(**parameters) if count else ""}
