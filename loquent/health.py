"""`/healthz` and `/readyz`, for load balancers and process managers.

Answered before Django, so that they need no session, no known host name, and no database unless
they are to tell of it.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from loquent.database import in_database

logger = logging.getLogger(__name__)
READY_SECONDS = 4.0
REDIS_SECONDS = 1.0
Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class HealthApplication:
    """Answers the two addresses itself and passes everything else on.

    `/healthz`: 200 while the process runs. `/readyz`: 200 when the database and Redis answer, all
    migrations are there, and the process isn't going away; else 503 with what is amiss.
    """

    def __init__(self, application: Application, *, is_draining: Callable[[], bool]) -> None:
        self._application = application
        self._is_draining = is_draining

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] == "/healthz":
            await _answer(send, 200, {"status": "ok"})
        elif scope["path"] == "/readyz":
            problems = await self._problems()
            status = "ok" if not problems else "unavailable"
            await _answer(send, 503 if problems else 200, {"status": status, "problems": problems})
        else:
            await self._application(scope, receive, send)

    async def _problems(self) -> list[str]:
        if self._is_draining():
            return ["draining"]
        try:
            async with asyncio.timeout(READY_SECONDS):
                return await in_database(find_problems)
        except Exception as error:  # noqa: BLE001 - whatever ails the database
            logger.warning("Not ready: %s", type(error).__name__)
            return ["database"]


_migrated: set[str] = set()


def find_problems() -> list[str]:
    """What keeps this process from serving: any of `database`, `migrations`, `redis`."""
    problems = []
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    # Migrations don't go away while a process runs: once is enough.
    if not _migrated:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            problems.append("migrations")
        else:
            _migrated.add("all")
    if settings.REDIS_URL and not _redis_answers():
        problems.append("redis")
    return problems


def _redis_answers() -> bool:
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
