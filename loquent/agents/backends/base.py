"""What a backend is: it takes a conversation and streams the text of the next answer."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from typing import ClassVar

from loquent.agents.types import ReplyEvent, ReplyRequest


class Backend(ABC):
    """A kind of model. One instance per process, shared by all turns."""

    # Whether an answer costs tokens at an endpoint, which may fail or have too much to do.
    is_metered: ClassVar[bool] = True
    # Whether `stream` itself records on the request's meter what is sent, received and reported.
    # For any other backend `generate_reply` does, by the events alone.
    keeps_meter: ClassVar[bool] = False

    @abstractmethod
    def stream(self, request: ReplyRequest) -> AsyncGenerator[ReplyEvent, None]:
        """Yield `TextDelta`s, then exactly one `ReplyEnd`; or raise BackendError.

        Closing the generator (`aclose`) stops the work upstream at once.
        """

    def endpoint(self) -> str:
        """The address that is asked; turns of one endpoint fail together. Empty where none is."""
        return ""

    async def close(self) -> None:  # noqa: B027 - most have nothing to give back
        """Give back what the backend holds (connections)."""
