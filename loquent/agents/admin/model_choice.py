"""Where an agent's answers can come from, as its form offers it."""

from typing import Any

from django.db.models import QuerySet

from loquent.agents.backends.registry import (
    allowed_models,
    connected_backend,
    explain_refused_model,
    label_of,
    model_notes,
    quoting_models,
    suggested_models,
)
from loquent.agents.models import ModelConnection, TextAgent

# A model as `provider:name`, and the id of the connection that it is used with ("": the server's).
Choice = tuple[str, str]


def model_context(
    agents: QuerySet[TextAgent],
    connections: QuerySet[ModelConnection],
    agent: TextAgent | None,
) -> dict[str, Any]:
    """Return the models that the form offers, and what is known of the agent's own.

    `agents` and `connections`: those whose models are offered, beside the server's own.
    """
    choices = _choices(agents, connections)
    own = agent.connection.model_names if agent and agent.connection else None
    return {
        "models": list(dict.fromkeys(model for model, _ in choices)),
        "model_choices": {
            "choices": [
                {"model": model, "connection": connection, "label": label}
                for (model, connection), label in choices.items()
            ],
            "quoting": quoting_models(),
        },
        "model_refusal": explain_refused_model(agent.model, own_models=own) if agent else None,
        "model_notes": model_notes(agent.model) if agent else (),
    }


def _choices(
    agents: QuerySet[TextAgent], connections: QuerySet[ModelConnection]
) -> dict[Choice, str]:
    """Return the labels of the models to choose from; if the server allows only some, just these.

    They are the server's, those of connections, and those that agents use.
    """
    provider = connected_backend().provider
    allowed = allowed_models()
    found = {(model, ""): label_of(model) for model in allowed or suggested_models()}
    for connection in connections:
        for name in connection.model_names:
            model = f"{provider}:{name}"
            found[(model, str(connection.pk))] = f"{label_of(model)} ({connection})"
    if allowed:
        return found
    used = agents.order_by("model").values_list("model", "connection", "connection__name")
    for model, key, name in used.distinct()[:50]:
        label = f"{label_of(model)} ({name})" if name else label_of(model)
        found.setdefault((model, str(key or "")), label)
    return found
