"""Run the production server: uvicorn, configured for chats."""

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
# The kernel drops a client that acknowledges nothing for this long: a phone that loses its network
# in the middle of an answer must not hold memory forever.
TCP_USER_TIMEOUT_MS = 30_000


def server_config(*, host: str, port: int, workers: int) -> uvicorn.Config:
    """Return uvicorn's configuration.

    Sockets: frames of at most LIMIT_FRAME_BYTES (larger ones close with 1009), a heartbeat of 20 s,
    no compression (38 KiB per idle socket). Client addresses are not parsed by uvicorn but by us
    (TRUSTED_PROXY_COUNT). Log lines go through Django's handlers, which redact them.
    """
    return uvicorn.Config(
        "loquent.asgi:application",
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        # Sans-I/O, because the older implementation answers a non-ASCII Origin with 500.
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
    """Serve until SIGTERM or SIGINT; raise OSError if the address can't be bound."""
    # Worker processes load the settings themselves.
    os.environ["WORKERS"] = str(workers)
    config = server_config(host=host, port=port, workers=workers)
    # After draining, uvicorn raises the signal again, which must end the process quietly.
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
