"""A website on this machine, whose pages a test changes, removes, moves and lets lie."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from loquent.testing.receiver import Received, Receiver

Reply = tuple[int, dict[str, str], bytes]
HTML = {"Content-Type": "text/html; charset=utf-8"}


def page(text: str, *, title: str = "", head: str = "", links: tuple[str, ...] = ()) -> Reply:
    """A page with a paragraph and links."""
    anchors = "".join(f'<a href="{link}">{link}</a> ' for link in links)
    heading = f"<h1>{title}</h1>" if title else ""
    body = f"<html><head>{head}</head><body><main>{heading}<p>{text}</p></main>{anchors}</body>"
    return 200, HTML, body.encode()


@dataclass
class Site:
    """Answers by path; `missing` answers for others. `asked`: the paths, in order."""

    receiver: Receiver
    pages: dict[str, Any] = field(default_factory=dict)
    missing: Callable[[str], Reply] = lambda path: (404, HTML, b"<p>Not found</p>")

    def __post_init__(self) -> None:
        self.receiver.reply = self._reply

    def _reply(self, request: Received) -> Reply:
        reply = self.pages.get(request.path) or self.missing(request.path)
        found: Reply = reply() if callable(reply) else reply
        return found

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.receiver.port}"

    @property
    def asked(self) -> list[str]:
        return [request.path for request in self.receiver.requests]

    def fill(self, count: int) -> None:
        """Set a start page and so many others, each with a text of its own, and a sitemap."""
        paths = [f"/topic-{number}" for number in range(count)]
        self.pages = {
            path: page(f"{TEXT} Number {number} is about subject{number}.", title=f"T{number}")
            for number, path in enumerate(paths)
        }
        self.pages["/"] = page(f"{TEXT} This is the start.", title="Start", links=tuple(paths))
        self.sitemap("/", *paths)

    def sitemap(self, *paths: str) -> None:
        listed = "".join(f"<url><loc>{self.root}{path}</loc></url>" for path in paths)
        xml = f"<urlset>{listed}</urlset>".encode()
        self.pages["/sitemap.xml"] = 200, {"Content-Type": "application/xml"}, xml


TEXT = "Our shop sells tents, stoves and boots for people who like to be outside. " * 2
