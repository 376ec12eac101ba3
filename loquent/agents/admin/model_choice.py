"""Where an agent's answers can come from, as its form offers it."""

from typing import Any

from django.db.models import QuerySet

from loquent.agents.backends.registry import (
    allowed_models,
    explain_refused_model,
    label_of,
    model_notes,
    quoting_models,
    suggested_models,
)
from loquent.agents.models import TextAgent


def model_context(agents: QuerySet[TextAgent], agent: TextAgent | None) -> dict[str, Any]:
    """Return the models that the form offers, and what is known of the agent's own.

    `agents`: those whose models are offered, beside the backends' own suggestions.
    """
    models = _offered(agents)
    return {
        "models": models,
        "model_choices": {
            "labels": {model: label_of(model) for model in models},
            "quoting": quoting_models(),
        },
        "model_refusal": explain_refused_model(agent.model) if agent else None,
        "model_notes": model_notes(agent.model) if agent else (),
    }


def _offered(agents: QuerySet[TextAgent]) -> list[str]:
    """Return the suggestions and the models in use; if only some are allowed, just these."""
    if allowed := allowed_models():
        return allowed
    used = agents.order_by().values_list("model", flat=True).distinct()
    return list(dict.fromkeys([*suggested_models(), *sorted(used[:50])]))
