"""The only Redis client of synchronous code, with short timeouts."""

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from redis import Redis

# Each caller can do without Redis, and has a visitor waiting.
CONNECT_SECONDS = 0.25
CALL_SECONDS = 0.25


@lru_cache(maxsize=8)
def redis_client(url: str) -> "Redis":
    """Return the client of an address; all threads of the process share its connections.

    A call raises redis.RedisError or OSError after CALL_SECONDS at the latest, a first one after
    CONNECT_SECONDS more. A connection that Redis closed (its restart) is reopened once; a call
    that timed out is not retried.
    """
    # 7 MB, which a server without Redis does not need. With it, Channels loads the library first.
    from redis import Redis  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.exceptions import ConnectionError as RedisConnectionError  # noqa: PLC0415
    from redis.maint_notifications import MaintNotificationsConfig  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    again = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
    # A connection without TCP has no host and gets no maintenance notifications.
    is_tcp = urlsplit(url).scheme in {"redis", "rediss"}
    quiet = {"maint_notifications_config": MaintNotificationsConfig(enabled=False)}
    return Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=CALL_SECONDS,
        retry=again,
        **(quiet if is_tcp else {}),
    )
