"""Check the database and Redis."""

import math
import time
import uuid

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis import Redis
from redis.exceptions import RedisError

from loquent.management.doctor.findings import Finding, Findings, fail, ok, warn

CLOCK_SECONDS = 2.0
POSTGRESQL = 14
REDIS = (6, 0)
SLOW_SECONDS = 0.05
REDIS_SECONDS = 2.0
# Connections of other programs, such as backups, shells and migrations.
OTHERS = 10
TIMEOUTS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")


def check_database() -> Findings:
    """Check reachability, version, migrations, timeouts, clock, and connections for all threads."""
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            began = time.perf_counter()
            cursor.execute("SELECT 1")
            took = time.perf_counter() - began
    except DatabaseError as error:
        yield fail(
            "database",
            f"The database doesn't answer: {type(error).__name__}.",
            "Start it. Check DATABASE_URL, the password and the network.",
        )
        return
    yield _answers("database", "The database", took)
    yield _migrations()
    if settings.DATABASE_IS_SQLITE:
        yield warn(
            "database-version",
            "The database is SQLite: one process on one machine.",
            "Set DATABASE_URL=postgres://… to run more processes.",
        )
        return
    yield from _postgresql()


def _answers(name: str, what: str, seconds: float) -> Finding:
    if seconds > SLOW_SECONDS:
        return warn(
            name,
            f"{what} takes {seconds * 1000:.0f} ms for an empty query; each message needs several.",
            "Run it closer: on the same machine, or in the same data centre.",
        )
    return ok(name, f"{what} answers in {seconds * 1000:.1f} ms.")


def _migrations() -> Finding:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return fail(
            "migrations", f"{len(missing)} migrations are missing.", "Run `manage.py migrate`."
        )
    return ok("migrations", "The database is up to date.")


def _postgresql() -> Findings:
    with connection.cursor() as cursor:

        def ask(query: str) -> str:
            cursor.execute(query)
            return str(cursor.fetchone()[0])

        before = time.time()
        clock = float(ask("SELECT extract(epoch FROM clock_timestamp())"))
        off = clock - (before + time.time()) / 2
        version = int(ask("SHOW server_version_num")) // 10_000
        room = int(ask("SHOW max_connections")) - int(ask("SHOW superuser_reserved_connections"))
        used = int(
            ask("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
        )
        without = [name for name in TIMEOUTS if ask(f"SHOW {name}") == "0"]
        encoding = ask("SHOW server_encoding")
    yield _clock(off)
    if version < POSTGRESQL or encoding != "UTF8":
        yield fail(
            "database-version",
            f"PostgreSQL is {version} with {encoding}; {POSTGRESQL} and UTF8 are needed.",
            "Upgrade it, and create the database with ENCODING 'UTF8'.",
        )
    else:
        yield ok("database-version", f"PostgreSQL is {version}.")
    if without:
        yield warn(
            "database-timeouts",
            f"PostgreSQL has no {', '.join(without)}: one stuck query can block all others.",
            "Set DATABASE_TIMEOUTS=1; behind a pooler, ALTER ROLE … SET lock_timeout = '2s', etc.",
        )
    else:
        yield ok("database-timeouts", "Queries and locks have timeouts.")
    # Django's own async views use one more thread.
    needed = settings.WORKERS * (settings.DATABASE_THREADS + 1)
    if needed + OTHERS > room:
        yield warn(
            "database-connections",
            f"This server may need {needed} connections of {room}, of which {used} are in use.",
            "Lower DATABASE_THREADS, raise max_connections, or use a connection pooler.",
        )
    else:
        yield ok("database-connections", f"{needed} of {room} connections are enough.")


def _clock(off: float) -> Finding:
    if math.fabs(off) > CLOCK_SECONDS:
        return fail(
            "clock",
            f"The database's clock is {off:+.1f} s off: leases of turns would expire too early.",
            "Synchronize both clocks with NTP (timedatectl set-ntp true).",
        )
    return ok("clock", f"The database's clock is {off:+.2f} s off.")


def check_redis() -> Findings:
    """Check reachability, version, Pub/Sub, eviction and persistence."""
    if not settings.REDIS_URL:
        if settings.WORKERS > 1:
            yield fail("redis", "Several workers have no Redis.", "Set REDIS_URL.")
        else:
            yield warn(
                "redis",
                "There is no Redis: a second process could not communicate with this one.",
                "Set REDIS_URL=redis://host:6379/0 to run more processes.",
            )
        return
    try:
        with Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
        ) as client:
            yield from _redis(client)
    except (RedisError, OSError) as error:
        yield fail(
            "redis",
            f"Redis doesn't execute commands: {type(error).__name__}.",
            "Start it. Check REDIS_URL, the password, its ACL and the network.",
        )


def _redis(client: "Redis") -> Findings:
    client.ping()
    began = time.perf_counter()
    client.ping()
    yield _answers("redis", "Redis", time.perf_counter() - began)
    about = client.info()
    version = str(about["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < REDIS:
        yield fail("redis-version", f"Redis is {version}; 6 is needed.", "Upgrade it.")
    else:
        yield ok("redis-version", f"Redis is {version}.")
    channel = f"loquent.doctor.{uuid.uuid4().hex}"
    with client.pubsub(ignore_subscribe_messages=True) as listener:  # type: ignore[no-untyped-call]
        listener.subscribe(channel)
        listener.get_message(timeout=REDIS_SECONDS)
        client.publish(channel, "hello")
        heard = listener.get_message(timeout=REDIS_SECONDS)
    if heard is None:
        yield fail(
            "redis-pubsub",
            "Messages published in Redis don't arrive: processes can't communicate.",
            "Point REDIS_URL to a primary, not to a read-only replica; allow Pub/Sub in its ACL.",
        )
    else:
        yield ok("redis-pubsub", "Messages published in Redis arrive.")
    if about.get("aof_enabled"):
        yield warn(
            "redis-persistence",
            "Redis persistence is on (appendonly), but Loquent stores nothing there permanently.",
            "If only Loquent uses it, --appendonly no --save '' makes it faster.",
        )
    else:
        yield ok("redis-persistence", "Redis persistence is off.")
