"""Answer `/healthz` and `/readyz`, for load balancers and process managers.

They are answered before Django, so that they need no session, no allowed host name, and no database
connection except to check it.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from loquent.db.threads import in_database

logger = logging.getLogger(__name__)
READY_SECONDS = 4.0
REDIS_SECONDS = 1.0
Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class HealthApplication:
    """Answers the two addresses and passes all other requests on.

    `/healthz`: 200 while the process runs. `/readyz`: 200 if the database answers, all migrations
    are applied, and the process isn't shutting down; else 503 with the problems. A Redis failure is
    only reported, because chats work without Redis: a proxy that removed all processes would end
    them.
    """

    def __init__(self, application: Application, *, is_draining: Callable[[], bool]) -> None:
        self._application = application
        self._is_draining = is_draining
        self._asking_redis: asyncio.Future[bool] | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] == "/healthz":
            await _answer(send, 200, {"status": "ok"})
        elif scope["path"] == "/readyz":
            problems = await self._problems()
            is_serving = set(problems) <= {"redis"}
            status = "unavailable" if not is_serving else "degraded" if problems else "ok"
            await _answer(
                send, 200 if is_serving else 503, {"status": status, "problems": problems}
            )
        else:
            await self._application(scope, receive, send)

    async def _problems(self) -> list[str]:
        if self._is_draining():
            return ["draining"]
        found, redis_answers = await asyncio.gather(_ask_database(), self._ask_redis())
        return found if redis_answers else [*found, "redis"]

    async def _ask_redis(self) -> bool:
        """Return whether Redis answers in time; resolving its name alone may take longer.

        Only one check runs at a time, because each occupies a thread until it ends.
        """
        if not settings.REDIS_URL:
            return True
        if self._asking_redis is None or self._asking_redis.done():
            self._asking_redis = asyncio.ensure_future(asyncio.to_thread(ping_redis))
        try:
            async with asyncio.timeout(READY_SECONDS):
                return await asyncio.shield(self._asking_redis)
        except TimeoutError:
            return False


async def _ask_database() -> list[str]:
    try:
        async with asyncio.timeout(READY_SECONDS):
            return await in_database(find_problems)
    except Exception as error:  # noqa: BLE001 - whatever ails the database
        logger.warning("Not ready: %s", type(error).__name__)
        return ["database"]


_migrated: set[str] = set()


def find_problems() -> list[str]:
    """Return the database's problems: none, or `migrations`; raise if it is not available."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    # Migrations aren't reverted while a process runs, so one check is enough.
    if not _migrated:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return ["migrations"]
        _migrated.add("all")
    return []


def ping_redis() -> bool:
    """Return whether Redis answers."""
    import redis  # noqa: PLC0415 - see ratelimit/redis_client.py

    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


async def _answer(send: Any, status: int, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
