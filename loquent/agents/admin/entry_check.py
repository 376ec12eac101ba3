"""What saving or deleting an entry would do to an agent's test questions."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from loquent.agents.admin.requests import failure, id_of, save_sent_entry
from loquent.agents.models import TextAgent
from loquent.agents.services.answers import FIGURES, Evaluation, preview_change
from loquent.agents.services.entries import delete_entry
from loquent.errors import ApplicationError

FIGURE_TITLES = {
    "right_at_1": "Right",
    "right_at_3": "Among the first 3",
    "refused_wrongly": "Refused wrongly",
    "refused_rightly": "Refused rightly",
    "persons": "Person",
}
# The columns of which less is better.
FAULTS = frozenset({"refused_wrongly"})
MAX_LISTED = 50


def check_entry(request: HttpRequest, agent: TextAgent) -> HttpResponse:
    """Return the figures before and after the change as HTML, or an error; save nothing.

    The form's entry is saved or, with `delete`, deleted in a transaction that is rolled back.
    """

    def change() -> None:
        if "delete" in request.POST:
            delete_entry(agent=agent, entry_id=id_of(request.POST.get("id", "")))
        else:
            save_sent_entry(agent, request.POST)

    try:
        before, after = preview_change(agent=agent, change=change)
    except ApplicationError as error:
        return failure(error)
    context = {"agent": agent, **comparison_context(before, after)}
    response = TemplateResponse(request, "admin/agents/textagent/entry_check.html", context)
    response["Cache-Control"] = "no-store"
    return response


def comparison_context(before: Evaluation, after: Evaluation) -> dict[str, Any]:
    """Return what the template shows of two evaluations."""
    lost = [r.row.question for r in after.results if r.was_right and not r.right]
    gained = [r.row.question for r in after.results if r.right and not r.was_right]
    return {
        "count": after.questions,
        "figures": [_figure(name, before, after) for name in FIGURES],
        "lost": lost[:MAX_LISTED],
        "more_lost": max(0, len(lost) - MAX_LISTED),
        "gained": gained[:MAX_LISTED],
        "more_gained": max(0, len(gained) - MAX_LISTED),
    }


def _figure(name: str, before: Evaluation, after: Evaluation) -> dict[str, Any]:
    old, new = getattr(before, name), getattr(after, name)
    change = ""
    if old is not None and new is not None and old != new:
        change = "better" if (new > old) is not (name in FAULTS) else "worse"
    return {"title": FIGURE_TITLES[name], "before": old, "after": new, "change": change}
