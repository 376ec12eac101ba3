"""The ASGI application: HTTP to Django, the visitors' sockets to Channels."""

import asyncio
import contextvars
import gc
import os
import signal
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loquent.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from loquent.agents.backends.registry import close_backends  # noqa: E402
from loquent.checks import has_secret_key  # noqa: E402
from loquent.jobs.runner import job_runner  # noqa: E402
from loquent.server.edge import EdgeApplication  # noqa: E402
from loquent.server.health import HealthApplication  # noqa: E402
from loquent.server.memory import return_large_blocks  # noqa: E402
from loquent.server.metrics import MetricsApplication  # noqa: E402
from loquent.server.request_limits import RequestLimits  # noqa: E402
from loquent.telemetry import tracing  # noqa: E402
from widgets.chat.supervisor import supervisor  # noqa: E402
from widgets.chat.telemetry import measure_deployment  # noqa: E402
from widgets.routing import websocket_urlpatterns  # noqa: E402

# `manage.py serve` checks this, too; any other ASGI server would start with a key that is public.
if not has_secret_key():
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Set SECRET_KEY (or SECRET_KEY_FILE) to 50 random characters."
    )
# Views are imported now: a large body is the first to need them, on the event loop.
get_resolver().url_patterns  # noqa: B018

# How long running answers may continue after SIGTERM.
GRACE_SECONDS = 25
# Allocations per collection of the youngest generation; collections per one of the next older.
COLLECTOR_THRESHOLDS = (10_000, 20, 50)


async def lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Run background tasks from the server's start to its end."""
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            supervisor.start()
            if settings.JOBS_IN_SERVER:
                job_runner.start()
            install_drain()
            tune_gc()
            return_large_blocks()
            await send({"type": "lifespan.startup.complete"})
        elif event["type"] == "lifespan.shutdown":
            await supervisor.stop()
            await job_runner.drain(grace_seconds=0)
            await close_backends()
            await asyncio.to_thread(tracing.flush)
            await send({"type": "lifespan.shutdown.complete"})
            return


def tune_gc() -> None:
    """Run the garbage collector less often, and never over the objects present at the start.

    The chat's path leaves no cycles behind, so collecting costs time and frees nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


def install_drain() -> None:
    """Drain on a termination signal, before the server's own handler runs.

    That handler closes every socket at once, even during an answer. A second signal goes to it
    directly.
    """
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def install(number: signal.Signals) -> None:
        server_handler = signal.getsignal(number)
        if not callable(server_handler):
            return

        async def drain_and_end() -> None:
            await asyncio.gather(
                supervisor.drain(grace_seconds=GRACE_SECONDS),
                job_runner.drain(grace_seconds=GRACE_SECONDS),
            )
            server_handler(number, None)

        def begin() -> None:
            tasks.add(loop.create_task(drain_and_end()))

        def handle(_number: int, frame: FrameType | None) -> None:
            if supervisor.is_draining:
                server_handler(number, frame)
            else:
                supervisor.is_draining = True
                # Not in the context of the interrupted task, such as a visitor's socket.
                loop.call_soon_threadsafe(begin, context=contextvars.Context())

        signal.signal(number, handle)

    for number in (signal.SIGTERM, signal.SIGINT):
        install(number)


http_application = HealthApplication(
    MetricsApplication(RequestLimits(django_application), measure=measure_deployment),
    is_draining=lambda: supervisor.is_draining,
)
application = EdgeApplication(
    ProtocolTypeRouter(
        {
            "http": http_application,
            "websocket": URLRouter(websocket_urlpatterns),
            "lifespan": lifespan,
        }
    )
)
