"""A middleware for servers of both kinds, sync and async."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Finish = Callable[[HttpResponseBase], HttpResponseBase]


class AroundMiddleware(ABC):
    """What is done around an answer, said once: Django calls it either way."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    @abstractmethod
    def around(self, request: HttpRequest) -> AbstractContextManager[Finish]:
        """Lasts as long as the answer is made; gives what makes the final answer of it."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._answer(request)
        with self.around(request) as finish:
            return finish(self.get_response(request))

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        with self.around(request) as finish:
            return finish(await self.get_response(request))
