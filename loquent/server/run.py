"""The production server: uvicorn, with the settings that a chat needs."""

import logging
import os
import signal
import socket
from types import FrameType
from typing import NoReturn

import uvicorn
from django.conf import settings
from uvicorn.supervisors import Multiprocess

from loquent.server.metrics import multiprocess_directory
from loquent.server.uvicorn_websocket import WebSocketProtocol

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 20
GRACEFUL_SECONDS = 30
# A client that acknowledges nothing for this long is dropped by the kernel: a phone that lost its
# network in mid-answer must not hold memory for ever.
TCP_USER_TIMEOUT_MS = 30_000


def server_config(*, host: str, port: int, workers: int) -> uvicorn.Config:
    """Return uvicorn's configuration.

    Sockets: frames of at most LIMIT_FRAME_BYTES (a larger one closes with 1009), a heartbeat of
    20 s, no compression (38 KiB for each idle socket). Addresses behind proxies are our own
    business (TRUSTED_PROXY_COUNT). Log lines go through Django's handlers, which redact them.
    """
    return uvicorn.Config(
        "loquent.asgi:application",
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        # Sans-I/O: the older implementation answers a non-ASCII Origin with a 500.
        ws=WebSocketProtocol,
        ws_max_size=settings.LIMITS.frame_bytes or 2**31,
        ws_per_message_deflate=False,
        ws_ping_interval=HEARTBEAT_SECONDS,
        ws_ping_timeout=HEARTBEAT_SECONDS,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )


def serve(*, host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT. Raises OSError when the address can't be bound."""
    # Worker processes read their settings anew.
    os.environ["WORKERS"] = str(workers)
    config = server_config(host=host, port=port, workers=workers)
    # uvicorn drains, then raises the signal again: it is to end the process without a fuss.
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    with bind(host, port) as listener, multiprocess_directory(workers):
        logger.info("Serving on http://%s:%s with %s worker(s).", host, port, workers)
        if workers > 1:
            Multiprocess(config, sockets=[listener]).run()
        else:
            uvicorn.Server(config).run(sockets=[listener])


def _end(signum: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0 if signum == signal.SIGTERM else 128 + signum)


def bind(host: str, port: int) -> socket.socket:
    """Return a bound TCP socket whose connections inherit TCP_USER_TIMEOUT."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_USER_TIMEOUT_MS)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener
