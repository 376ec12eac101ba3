"""A Channels consumer that hears nothing but its own socket."""

from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer


class SocketConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Carries out one event of its socket after the other, in the socket's own task.

    The process listens to the channel layer for all its sockets (widgets/chat/bus.py): a channel
    for each would cost a subscription, and no socket could open while Redis is away. Nor does any
    event visit Django's shared thread, where Channels looks for old connections of a database
    that is never asked from there (loquent/db/threads.py).
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
