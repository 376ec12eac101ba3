"""Reads a file in a separate process, so that no file can occupy the server for long.

Parsers and patterns take quadratic time, or worse, for some texts. Inside the server one such file
would block every chat of every organization.
"""

import contextlib
import json
import logging
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from loquent.agents.importing.confinement import confine
from loquent.agents.importing.files import read_file
from loquent.agents.importing.reading import Choice, Draft, Reading, refused
from loquent.agents.importing.turns import FairTurns
from loquent.agents.importing.webpage import WebPage, read_web_page

logger = logging.getLogger(__name__)

# An ordinary page of the largest size needs a third of it.
SECONDS = 20.0
MEMORY_BYTES = 512 * 1024 * 1024
TOO_LONG = "The file takes too long to read."
TOO_BIG = "The file takes too much memory to read."
UNREADABLE = "The file can't be read."
BUSY = "The server is reading other files. Please try again in a moment."
ROOT = Path(__file__).parents[3]
# What Python itself needs; a process that reads untrusted files gets no secrets.
KEPT = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
# One file at a time, so that chats keep their CPU time. Organizations take turns, so that slow
# files of one organization delay another one by at most one file.
WAITING = 2
# A sync has time: it waits for this long.
PATIENCE = 300.0
_turns = FairTurns(waiting=WAITING)


class SandboxError(Exception):
    """The file can't be read; the text is a sentence for staff."""


class BusyError(SandboxError):
    """Other files occupy the reader."""


def read_in_sandbox(*, name: str, data: bytes, key: str, encoding: str | None = None) -> Reading:
    """Read a file in another process; skip it with a reason if it needs too much time or memory.

    Keys take turns. While WAITING files with the same `key` are queued, further ones are
    skipped, as is a file that has waited for SECONDS.
    """
    request = json.dumps([name, encoding]).encode() + b"\n" + data
    try:
        return _loaded(_run("file", request, key=key, patience=SECONDS))
    except SandboxError as error:
        return refused(name, str(error))


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A web page as it was received. `charset`: what its server says, or empty."""

    url: str
    data: bytes
    charset: str = ""


def read_pages_in_sandbox(pages: Sequence[FetchedPage], *, key: str) -> list[WebPage]:
    """Read web pages in another process, all in one if none needs too much time or memory.

    Raises SandboxError if other files occupy the reader for PATIENCE.
    """
    if not pages:
        return []
    names = [[page.url, page.charset, len(page.data)] for page in pages]
    request = json.dumps(names).encode() + b"\n" + b"".join(page.data for page in pages)
    try:
        found = json.loads(_run("pages", request, key=key, patience=PATIENCE))
    except BusyError:
        raise
    except SandboxError as error:
        if len(pages) == 1:
            return [WebPage(refusal=str(error).replace("file", "page"))]
        # One of them is to blame: the others can be read without it.
        return [read for page in pages for read in read_pages_in_sandbox([page], key=key)]
    for page in found:
        page["drafts"] = [Draft(**draft) for draft in page["drafts"]]
    return [WebPage(**page) for page in found]


def _run(what: str, request: bytes, *, key: str, patience: float) -> bytes:
    if not _turns.acquire(key, timeout=patience):
        raise BusyError(BUSY)
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", __name__, what],
            input=request,
            stdout=subprocess.PIPE,
            # A traceback could quote the file.
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={key: os.environ[key] for key in KEPT if key in os.environ},
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SandboxError(TOO_LONG) from None
    finally:
        _turns.release()
    if done.returncode == -signal.SIGXCPU:
        raise SandboxError(TOO_LONG)
    if done.returncode:
        logger.error("The import process exited with status %d.", done.returncode)
        raise SandboxError(UNREADABLE)
    return done.stdout


def _loaded(text: bytes) -> Reading:
    found = json.loads(text)
    reading = Reading(more=found["more"], drafts=[Draft(**draft) for draft in found["drafts"]])
    reading.choices = [Choice(**choice) for choice in found["choices"]]
    for part in found["skipped"]:
        reading.skip(**part)
    return reading


def _read(what: str) -> None:
    """Run in the other process: read a request from standard input, write the result as JSON."""
    # A service may not be allowed to set limits (@resources of systemd): the timeout still holds.
    with contextlib.suppress(OSError, ValueError):
        os.nice(10)
    with contextlib.suppress(OSError, ValueError):
        # If the server has died in the meantime, nothing else ends this process.
        resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS), int(SECONDS) + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    # Whatever a file makes a parser do, it can read no secret of the server and connect to nothing.
    # An old kernel can't enforce this: then only the rights of the server's user limit it.
    confine()
    if what == "pages":
        _read_pages()
    else:
        _read_file()


def _read_pages() -> None:
    """Read addresses, charsets and sizes, then the pages."""
    pages = []
    for url, charset, size in json.loads(sys.stdin.buffer.readline()):
        data = sys.stdin.buffer.read(size)
        try:
            pages.append(read_web_page(data, url=url, charset=charset))
        except MemoryError:
            pages.append(WebPage(refusal=TOO_BIG.replace("file", "page")))
    json.dump([asdict(page) for page in pages], sys.stdout)


def _read_file() -> None:
    """Read a name, an encoding and a file."""
    name, encoding = json.loads(sys.stdin.buffer.readline())
    try:
        reading = read_file(name=name, data=sys.stdin.buffer.read(), encoding=encoding)
    except MemoryError:
        reading = refused(name, TOO_BIG)
    found: dict[str, object] = {
        "drafts": [asdict(draft) for draft in reading.drafts],
        "skipped": [asdict(part) for part in reading.skipped],
        "choices": [asdict(choice) for choice in reading.choices],
        "more": reading.more,
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    _read(sys.argv[1])
