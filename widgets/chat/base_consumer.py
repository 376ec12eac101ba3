"""A Channels consumer that receives only its own socket's events."""

from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer


class SocketConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Handles the events of its socket one at a time, in the socket's own task.

    The process has one channel for all its sockets (widgets/chat/bus.py): a channel per socket
    would cost a subscription, and no socket could open while Redis is down. Nor does an event
    wait for Django's shared thread, where Channels closes old database connections: none are
    opened there (loquent/db/threads.py).
    """

    channel_layer = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        self.base_send = send
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Let `websocket_connect`, `websocket_receive` or `websocket_disconnect` handle it."""
        await getattr(self, message["type"].replace(".", "_"))(message)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """The client has left."""
        await self.disconnect(message["code"])
        raise StopConsumer
