"""What a driver has to provide: engines, visits and tabs. Everything else is built on these."""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import Any

# W3C input actions, as WebDriver and WebDriver BiDi both take them.
Actions = list[dict[str, Any]]


class DriverError(Exception):
    """The driver refused a command, or a script in the page raised an error."""


class NoPageError(DriverError):
    """The page is just being replaced by the next one: nothing was done."""


class Tab(ABC):
    """One tab of a browser."""

    @abstractmethod
    async def goto(self, url: str) -> None:
        """Load a page and wait until it is complete."""

    @abstractmethod
    async def reload(self) -> None:
        """Reload the page and wait until it is complete."""

    @abstractmethod
    async def evaluate(self, function: str, *arguments: Any) -> Any:
        """Call a synchronous JavaScript function in the page; arguments and result are JSON.

        Works under every content security policy. Raises DriverError if the function throws.
        """

    @abstractmethod
    async def perform(self, actions: Actions) -> None:
        """Perform input actions, as a keyboard and a mouse would."""


class Visit(ABC):
    """One visitor with a profile of their own: no cookies or storage from other visits."""

    @abstractmethod
    async def new_tab(self) -> Tab:
        """Open a tab in front of the others."""


class Engine(ABC):
    """A running browser engine."""

    name: str
    version: str = ""

    @abstractmethod
    def visit(self) -> AbstractAsyncContextManager[Visit]:
        """Start a visit; its tabs are closed and its profile is deleted at the end."""

    @abstractmethod
    def stop(self) -> None:
        """End all processes of the engine."""
