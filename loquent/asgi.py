"""The ASGI application: HTTP to Django, the visitors' sockets to Channels."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loquent.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from loquent.agents.backends.registry import close_backends  # noqa: E402
from widgets.routing import websocket_urlpatterns  # noqa: E402
from widgets.supervision import supervisor  # noqa: E402

# How long answers under way may go on after SIGTERM.
GRACE_SECONDS = 25


async def lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Start what runs beside the requests with the server, and end it with the server."""
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            supervisor.start()
            await send({"type": "lifespan.startup.complete"})
        elif event["type"] == "lifespan.shutdown":
            await supervisor.stop(grace_seconds=GRACE_SECONDS)
            await close_backends()
            await send({"type": "lifespan.shutdown.complete"})
            return


application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": URLRouter(websocket_urlpatterns),
        "lifespan": lifespan,
    }
)
