"""Reads a file in a separate process, so that no file can occupy the server for long.

Parsers and patterns take quadratic time, or worse, for some texts. Inside the server one such file
would block every chat of every organization.
"""

import contextlib
import json
import logging
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from loquent.agents.importing.confinement import confine
from loquent.agents.importing.files import read_file
from loquent.agents.importing.parts import Beginning, FilePart, OpenedFile, WebPage
from loquent.agents.importing.reading import Choice, Draft, Reading, refused
from loquent.agents.importing.turns import FairTurns
from loquent.agents.importing.uploads import PDF, ending_of, load_parser, open_upload
from loquent.priority import LOWEST, start_child

logger = logging.getLogger(__name__)

# An ordinary page of the largest size needs a third of it.
SECONDS = 20.0
MEMORY_BYTES = 512 * 1024 * 1024
TOO_LONG = "The file takes too long to read."
TOO_BIG = "The file takes too much memory to read."
UNREADABLE = "The file can't be read."
BUSY = "The server is reading other files. Please try again in a moment."
# A sync's process has the lowest priority: on a busy machine it takes up to this many times longer,
# for the same CPU time.
PATIENT = 10
# The priority of one for which a person waits.
URGENT = 10
# One file at a time, so that chats keep their CPU time. Organizations take turns, so that slow
# files of one organization delay another one by at most one file.
WAITING = 2
# A sync has time: it waits for this long.
PATIENCE = 300.0
# After so long, a file with many parts lets others have their turn.
TURN_SECONDS = 4.0
_turns = FairTurns(waiting=WAITING)


class SandboxError(Exception):
    """The file can't be read; the text is a sentence for staff. `output`: what was read before."""

    output = b""


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


@dataclass(slots=True)
class Portion:
    """Parts of a file, from the one that was asked for, and how many the file has.

    `refusal`: why the file can't be read as a whole.
    """

    total: int
    refusal: str
    parts: list[FilePart]


def read_portion_in_sandbox(*, name: str, data: bytes, start: int, key: str) -> Portion:
    """Read parts of a file in another process, from number `start` on, for some seconds.

    A part that takes too much time or memory is refused with the reason. Raises BusyError if other
    files occupy the reader for PATIENCE.
    """
    request = json.dumps([name, start]).encode() + b"\n" + data
    blame = ""
    try:
        output = _run("parts", request, key=key, patience=PATIENCE)
    except BusyError:
        raise
    except SandboxError as error:
        output, blame = error.output, str(error)
    # A line without its end is of a process that was stopped.
    lines = [json.loads(line) for line in output.split(b"\n")[:-1]]
    if not lines:
        return Portion(0, blame or UNREADABLE, [])
    for line in lines[1:]:
        line["drafts"] = [Draft(**draft) for draft in line["drafts"]]
    parts = [FilePart(**line) for line in lines[1:]]
    if blame:
        label = f"#page={start + len(parts)}" if ending_of(name) == PDF else ""
        parts.append(FilePart(label, refusal=blame.replace("file", "page")))
    return Portion(lines[0]["total"], lines[0]["refusal"], parts)


def _run(what: str, request: bytes, *, key: str, patience: float) -> bytes:
    if not _turns.acquire(key, timeout=patience):
        raise BusyError(BUSY)
    try:
        status, output = _call(what, request, is_urgent=patience < PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise _failed(TOO_LONG, error.output) from None
    finally:
        _turns.release()
    if status == -signal.SIGXCPU:
        raise _failed(TOO_LONG, output)
    if status:
        logger.error("The import process exited with status %d.", status)
        raise _failed(UNREADABLE, output)
    return output


def _call(what: str, request: bytes, *, is_urgent: bool) -> tuple[int, bytes]:
    """Return the status and the output of the other process."""
    with start_child(__name__, what, niceness=URGENT if is_urgent else LOWEST) as process:
        try:
            output, _ = process.communicate(request, SECONDS * (1 if is_urgent else PATIENT))
        except BaseException as error:
            process.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                error.output = process.communicate()[0]
            raise
        return process.returncode, output


def _failed(sentence: str, output: bytes | None) -> SandboxError:
    error = SandboxError(sentence)
    error.output = output or b""
    return error


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
        # If the server has died in the meantime, nothing else ends this process.
        resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS), int(SECONDS) + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    # The server itself does not need the parser in memory; after `confine` it can't be loaded.
    import loquent.agents.importing.webpage  # noqa: F401, PLC0415

    if what == "parts":
        # Decryption needs a library of the system, which can't be opened later.
        load_parser()
    # Whatever a file makes a parser do, it can read no secret of the server and connect to nothing.
    # An old kernel can't enforce this: then only the rights of the server's user limit it.
    confine()
    {"pages": _read_pages, "file": _read_file, "parts": _read_parts}[what]()


def _read_pages() -> None:
    """Read addresses, charsets and sizes, then the pages."""
    from loquent.agents.importing.webpage import read_web_page  # noqa: PLC0415 - see _read

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


def _read_parts() -> None:
    """Read a name and a number, then a file; write its beginning, then a line for each part."""
    name, start = json.loads(sys.stdin.buffer.readline())
    end = time.monotonic() + TURN_SECONDS
    try:
        found = open_upload(sys.stdin.buffer.read(), name=name, start=start)
    except MemoryError:
        found = OpenedFile(Beginning(refusal=TOO_BIG))
    _write_line(found.beginning)
    for part in found.parts:
        _write_line(part)
        if time.monotonic() > end:
            break


def _write_line(line: Beginning | FilePart) -> None:
    """Write a line at once: what was read before a part that takes too much stays."""
    sys.stdout.write(f"{json.dumps(asdict(line))}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _read(sys.argv[1])
