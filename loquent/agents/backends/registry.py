"""Which backends and models there are, and the one instance of each backend in this process."""

from django.conf import settings

from loquent.agents.backends.base import Backend
from loquent.agents.backends.builtin import NAMES as BUILTIN_NAMES
from loquent.agents.backends.builtin import BuiltinBackend
from loquent.agents.backends.openai_chat.backend import OpenAIChatBackend
from loquent.agents.types import BackendError

_BACKENDS: dict[str, type[Backend]] = {
    "builtin": BuiltinBackend,
    "openai-chat": OpenAIChatBackend,
}
# The models of a provider, None where any name goes.
_NAMES: dict[str, frozenset[str] | None] = {"builtin": BUILTIN_NAMES, "openai-chat": None}

PROVIDERS = tuple(_BACKENDS)
# The one that works with the server's key.
SERVER_PROVIDER = "openai-chat"
_instances: dict[str, Backend] = {}


def explain_unknown_model(model: str) -> str | None:
    """Why a `provider:name` can't be used, as a sentence for staff; None where it can."""
    provider, _, name = model.partition(":")
    if provider not in _BACKENDS:
        return f"There is no provider {provider!r}. Use {' or '.join(PROVIDERS)}."
    names = _NAMES[provider]
    if names is not None and name not in names:
        return f"{provider} has no model {name!r}. Use {provider}:{min(names)}."
    return None


def explain_refused_model(model: str) -> str | None:
    """Return why a `provider:name` is unknown or not allowed on this server; None if it is fine.

    SERVER_MODELS are the names that may be used with the server's key; empty means any.
    """
    unknown = explain_unknown_model(model)
    provider, _, name = model.partition(":")
    allowed = settings.SERVER_MODELS
    if unknown or not allowed or not is_metered(provider) or name in allowed:
        return unknown
    return f"{model} is not allowed on this server. Use one of: {', '.join(allowed_models())}."


def allowed_models() -> list[str]:
    """Return the only models that agents may use, as `provider:name`; empty means any."""
    if not settings.SERVER_MODELS:
        return []
    own = [f"{SERVER_PROVIDER}:{name}" for name in settings.SERVER_MODELS]
    builtin = [f"builtin:{name}" for name in sorted(BUILTIN_NAMES)]
    return [*builtin, *own]


def is_metered(provider: str) -> bool:
    """Whether the provider's answers cost tokens; False where there is no such provider."""
    return provider in _BACKENDS and _BACKENDS[provider].is_metered


def backend_for(provider: str) -> Backend:
    """The provider's backend; raises BackendError (permanent) where there is none."""
    if provider not in _instances:
        if provider not in _BACKENDS:
            raise BackendError("there is no such provider", permanent=True)
        _instances[provider] = _BACKENDS[provider]()
    return _instances[provider]


async def close_backends() -> None:
    """Give back what the backends hold on the running event loop; call it when the loop ends."""
    for backend in _instances.values():
        await backend.close()
