"""Base class of middleware for sync and async request handling."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Finish = Callable[[HttpResponseBase], HttpResponseBase]


class AroundMiddleware(ABC):
    """Runs `around` in both modes."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    @abstractmethod
    def around(self, request: HttpRequest) -> AbstractContextManager[Finish]:
        """Run around the response; yield the function that completes it."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._answer(request)
        with self.around(request) as finish:
            return finish(self.get_response(request))

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        with self.around(request) as finish:
            return finish(await self.get_response(request))
