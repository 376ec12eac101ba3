"""The backends of this process, and which models agents may use."""

from collections.abc import Collection, Iterable

from django.conf import settings

from loquent.agents.backends.base import Backend
from loquent.agents.backends.builtin.backend import BuiltinBackend
from loquent.agents.backends.openai_chat.backend import OpenAIChatBackend
from loquent.agents.types import BackendError

# In the order in which staff read about them.
BACKENDS: dict[str, Backend] = {
    backend.provider: backend
    for backend in (
        BuiltinBackend(),
        OpenAIChatBackend(),
    )
}


def explain_unknown_model(model: str) -> str | None:
    """Return why a `provider:name` can't be used, as a sentence for staff; None if it can."""
    provider, _, name = model.partition(":")
    if provider not in BACKENDS:
        return f"There is no provider {provider!r}. Use {' or '.join(BACKENDS)}."
    names = BACKENDS[provider].names
    if names is not None and name not in names:
        return f"{provider} has no model {name!r}. Use {provider}:{min(names)}."
    return None


def explain_refused_model(model: str, *, own_models: Collection[str] | None = None) -> str | None:
    """Return why a `provider:name` is unknown or not allowed on this server; None if it is fine.

    SERVER_MODELS are the names that may be used with the server's key; empty means any.
    `own_models`: those of the agent's connection, likewise; None without a connection.
    """
    unknown = explain_unknown_model(model)
    provider, _, name = model.partition(":")
    if own_models is not None and unknown is None:
        if not BACKENDS[provider].takes_connections:
            return f"{model} uses no connection. Choose another model, or no connection."
        if own_models and name not in own_models:
            return f"The connection has no model {name!r}. Use one of: {', '.join(own_models)}."
        return None
    allowed = settings.SERVER_MODELS
    if unknown or not allowed or not is_metered(provider) or name in allowed:
        return unknown
    return f"{model} is not allowed on this server. Use one of: {', '.join(allowed_models())}."


def allowed_models() -> list[str]:
    """Return the only models that agents may use, as `provider:name`; empty means any."""
    if not settings.SERVER_MODELS:
        return []
    return [
        f"{provider}:{name}"
        for provider, backend in BACKENDS.items()
        for name in (settings.SERVER_MODELS if backend.is_metered else backend.suggestions())
    ]


def suggested_models() -> list[str]:
    """Return the models that the form of an agent suggests, as `provider:name`."""
    return _suggestions(BACKENDS.values())


def label_of(model: str) -> str:
    """Return a `provider:name` as an owner without technical knowledge reads it."""
    provider, _, name = model.partition(":")
    return BACKENDS[provider].label(name) if provider in BACKENDS else model


def quoting_models() -> list[str]:
    """Return the models that only quote the knowledge: they ignore instructions."""
    return list(_suggestions(each for each in BACKENDS.values() if each.quotes_knowledge))


def free_models() -> str:
    """Return the models whose answers use no tokens, as words of a sentence for staff."""
    return " or ".join(_suggestions(each for each in BACKENDS.values() if not each.is_metered))


def _suggestions(backends: Iterable[Backend]) -> list[str]:
    return [f"{each.provider}:{name}" for each in backends for name in each.suggestions()]


# The first backend needs no settings.
DEFAULT_MODEL = suggested_models()[0]


def model_notes(model: str) -> tuple[str, ...]:
    """Return what this process has learnt about a `provider:name`, as sentences for staff."""
    provider, _, name = model.partition(":")
    return BACKENDS[provider].notes(name) if provider in BACKENDS else ()


def is_metered(provider: str) -> bool:
    """Return whether the provider's answers cost tokens; False if there is no such provider."""
    return provider in BACKENDS and BACKENDS[provider].is_metered


def backend_for(provider: str) -> Backend:
    """Return the provider's backend, or raise BackendError (permanent) if there is none."""
    if provider not in BACKENDS:
        raise BackendError("there is no such provider", permanent=True)
    return BACKENDS[provider]


def connected_backend() -> Backend:
    """Return the backend that takes connections."""
    return next(backend for backend in BACKENDS.values() if backend.takes_connections)


async def close_backends() -> None:
    """Release what the backends hold on the running event loop; call it when the loop ends."""
    for backend in BACKENDS.values():
        await backend.close()
