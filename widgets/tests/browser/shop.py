"""Somebody else's site: one page, on an origin of its own, with the policy that a test wants."""

import threading
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class Shop:
    """`http://localhost:PORT/`, which is another origin than 127.0.0.1's.

    `files` has what is at other paths: scripts at names that end in `.js`, else pages. `streams`
    has pages that arrive in pieces.
    """

    def __init__(
        self,
        html: str,
        *,
        policy: str = "",
        files: Mapping[str, str] | None = None,
        streams: Mapping[str, Callable[[], Iterable[str]]] | None = None,
    ) -> None:
        known = {"/": html, **(files or {})}
        streamed = streams or {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                body = known.get(path)
                self.send_response(204 if body is None and path not in streamed else 200)
                if policy:
                    self.send_header("Content-Security-Policy", policy)
                kind = "javascript" if path.endswith(".js") else "html"
                self.send_header("Content-Type", f"text/{kind}; charset=utf-8")
                self.end_headers()
                # HTTP/1.0: the end of the connection is the end of the page.
                for piece in streamed[path]() if path in streamed else [body or ""]:
                    self.wfile.write(piece.encode())

            def log_message(self, *_: object) -> None:
                """No line for each request."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self.origin = f"http://localhost:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def page_with(server_url: str, *widget_ids: str, head: str = "") -> str:
    """A shop's page with the script tags of these widgets."""
    tags = "".join(
        f'<script src="{server_url}/api/widget/embed.js" data-widget="{widget_id}"></script>'
        for widget_id in widget_ids
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>'
        f"<body><h1>Shop</h1>{tags}</body></html>"
    )


def strict_policy(server_url: str) -> str:
    """The strictest policy under which a page can embed the widget."""
    sockets = server_url.replace("http", "ws", 1)
    return (
        f"default-src 'none'; script-src {server_url}; connect-src {server_url} {sockets}; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
