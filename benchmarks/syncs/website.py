"""A website that is read by a sync: `python -m benchmarks.syncs.website --port 9000 --pages 300`.

Its pages are invented words. Each time the sitemap is read, all of them have changed.
"""

import argparse
import asyncio
import random
from functools import cache

WORDS_EACH = 400


@cache
def words() -> list[str]:
    """Invented words of six letters."""
    source = random.Random(1)
    return ["".join(source.choices("abdeiklmnorstu", k=6)) for _ in range(5_000)]


class Website:
    """Pages by number, in versions."""

    def __init__(self, pages: int, root: str) -> None:
        self._pages = pages
        self._root = root
        self._version = 0

    def answer(self, path: str) -> tuple[int, str, str]:
        """Return the status, the type and the body."""
        if path == "/sitemap.xml":
            self._version += 1
            listed = "".join(
                f"<url><loc>{self._root}/page-{n}</loc></url>" for n in range(self._pages)
            )
            return 200, "application/xml", f"<urlset>{listed}</urlset>"
        name = path.lstrip("/")
        if name and not name.startswith("page-"):
            return 404, "text/html", "<p>Not found</p>"
        source = random.Random(f"{name} {self._version}")
        text = " ".join(source.choices(words(), k=WORDS_EACH))
        parts = "".join(f"<p>{text[at : at + 600]}.</p>" for at in range(0, len(text), 600))
        title = f"{source.choice(words())} {name}"
        return 200, "text/html", f"<main><h1>{title}</h1>{parts}</main>"


async def serve(port: int, pages: int) -> None:
    """Answer until the process is ended."""
    site = Website(pages, f"http://127.0.0.1:{port}")

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            status, kind, body = site.answer(head.split()[1].decode())
            data = body.encode()
            lines = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}"
            writer.write(f"{lines}\r\nConnection: close\r\n\r\n".encode() + data)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pages", type=int, required=True)
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.pages))
