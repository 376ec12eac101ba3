"""What tests of conversations between the agent and the team do."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from rest_framework.test import APIClient

from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import VisitorSocket
from widgets.models import WidgetSession

Api = Callable[..., APIClient]


def only_session() -> WidgetSession:
    return WidgetSession.objects.get()


def post(api: Api, caller: User | str, action: str, body: dict[str, Any] | None = None) -> Any:
    return api(caller).post(f"/api/v1/sessions/{only_session().id}/{action}/", body or {})


async def answered(socket: VisitorSocket, scripted: ScriptedBackend, text: str = "Hello.") -> None:
    await socket.say("Hi")
    (await scripted.asked()).end(text)
    await socket.until("typing_stop")


async def conversation(socket: VisitorSocket) -> dict[str, Any]:
    return (await socket.until("conversation"))[-1]
