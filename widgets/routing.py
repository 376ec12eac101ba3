"""The addresses of sockets."""

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import path, re_path

from widgets.chat.consumers import WidgetConsumer
from widgets.chat.staff.consumers import InboxConsumer, StaffConsumer


class RefusingConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Refuses the upgrade on an unknown path, with HTTP 403."""

    async def connect(self) -> None:
        await self.close()


websocket_urlpatterns: list[Any] = [
    path("api/widget/<str:widget_id>/ws", WidgetConsumer.as_asgi()),
    path("admin/widgets/widgetsession/<uuid:id>/live/", StaffConsumer.as_asgi()),
    path("admin/live/", InboxConsumer.as_asgi()),
    re_path(r"", RefusingConsumer.as_asgi()),
]
