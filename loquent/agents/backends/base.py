"""The interface of backends: receive a conversation and stream the text of the next answer.

A backend is one folder beside this module and one entry of `registry.BACKENDS`. Everything that
the rest of the product asks about a provider is an attribute or a method here.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Collection
from typing import ClassVar

from loquent.agents.types import BackendEvent, CheckResult, ModelEndpoint, ReplyRequest


class Backend(ABC):
    """A kind of model. One instance per process, shared by all turns."""

    # The part before the colon in an agent's `provider:name`.
    provider: ClassVar[str]
    # The names that may follow the colon; None: any.
    names: ClassVar[frozenset[str] | None] = None
    # A sentence for the form of an agent.
    help: ClassVar[str] = ""
    # The most passages of knowledge that a prompt contains, to estimate its tokens.
    prompt_passages: ClassVar[int] = 0
    # Whether answers are quotations from the knowledge; no model writes them or gets instructions.
    quotes_knowledge: ClassVar[bool] = False
    # Whether an organization may connect an endpoint of its own.
    takes_connections: ClassVar[bool] = False
    # Whether an answer costs tokens at an endpoint, which may fail or be overloaded.
    is_metered: ClassVar[bool] = True
    # Whether `stream` itself records on the request's meter what is sent, received and reported.
    # For any other backend `generate_reply` does, by the events alone.
    keeps_meter: ClassVar[bool] = False

    @abstractmethod
    def stream(self, request: ReplyRequest) -> AsyncGenerator[BackendEvent, None]:
        """Yield `TextDelta`s, then exactly one `ReplyEnd`; or raise BackendError.

        Closing the generator (`aclose`) stops the work upstream at once.
        """

    def suggestions(self) -> Collection[str]:
        """Return the names that the form of an agent suggests."""
        return sorted(self.names or ())

    def label(self, name: str) -> str:
        """Return a model's name as an owner without technical knowledge reads it."""
        return f"AI model {name}"

    def notes(self, model: str, endpoint: ModelEndpoint | None = None) -> tuple[str, ...]:
        """Return what staff should know about a model's endpoint; a sentence each."""
        return ()

    def endpoint(self, endpoint: ModelEndpoint | None = None) -> str:
        """Return the address of the endpoint ("" if none); turns of one endpoint fail together."""
        return ""

    def is_configured(self) -> bool:
        """Return whether the settings say that agents use this backend."""
        return False

    async def list_models(self, endpoint: ModelEndpoint) -> list[str]:
        """Return the names of a connected endpoint's models, sorted; empty if it lists none.

        Uses no tokens. Raises ProbeError.
        """
        raise NotImplementedError

    async def try_model(self, endpoint: ModelEndpoint, model: str, known: Collection[str]) -> None:
        """Ask a model of a connected endpoint for a word; raise ProbeError if it doesn't answer.

        `known`: what `list_models` returned.
        """
        raise NotImplementedError

    async def try_embedding(self, endpoint: ModelEndpoint) -> None:
        """Ask a connected endpoint's embedding model for a vector; raise ProbeError."""
        raise NotImplementedError

    async def check_model(  # noqa: B027 - most backends have no endpoint
        self, model: str, endpoint: ModelEndpoint | None
    ) -> None:
        """Raise ProbeError if a model can't answer; do nothing if there is no endpoint to check.

        `endpoint` None: the server's own. May use a few tokens.
        """

    async def check(self) -> CheckResult | None:
        """Return the endpoint's state, without using tokens; None if there is none to check."""
        return None

    async def close(self) -> None:  # noqa: B027 - most backends hold no resources
        """Release what the backend holds on the running event loop (connections)."""
