"""What reading a website costs the visitors who chat at the same time.

    .venv/bin/python -m benchmarks.syncs [--pages 300] [--visitors 200] [--rounds 5] [--seconds 30]
        [--rate 10]

One server process, which also runs the jobs, answers visitors of an assistant. In turn, their
answers are timed without a sync, and while a sync reads a site whose pages have all changed, stores
them, and indexes them anew. Prints the time from question to first token, and the memory of the
server with the process that reads pages.
"""

import argparse
import asyncio
import json
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import uvloop

from benchmarks.contestants.loquent import LoquentSite
from benchmarks.load import Sample, pace
from benchmarks.processes import memory_kib
from benchmarks.stage import Contestant, Stage
from loquent.testing.ports import free_port

WARM = 2.0
SYNC_SECONDS = 3_600.0
SOURCES = {
    "SOURCES_ALLOWED_NETWORKS": "127.0.0.0/8", "SOURCES_ALLOW_HTTP": "1", "JOBS_IN_SERVER": "1",
}  # fmt: skip


class Source:
    """A source of the assistant, over REST."""

    def __init__(self, server: Contestant, agent_id: str, key: str) -> None:
        self._key = key
        self._address = f"http://127.0.0.1:{server.process.port}/api/v1/agents/{agent_id}/sources/"

    def add(self, url: str) -> None:
        """Add the site."""
        self._address += self._ask("", {"url": url})["id"] + "/"

    def start(self) -> None:
        """Start a sync."""
        self._ask("sync/", {})

    def read(self) -> dict[str, Any]:
        """Return its state."""
        return self._ask("")

    def wait_until_indexed(self) -> None:
        """Wait until questions are searched by meaning in all that is saved."""
        while not self._is_indexed():
            time.sleep(1)

    def _is_indexed(self) -> bool:
        agent = self._address.partition("sources/")[0]
        request = Request(f"{agent}search/?q=x", headers={"Authorization": f"Bearer {self._key}"})  # noqa: S310
        try:
            with urlopen(request, timeout=60):  # noqa: S310
                return True
        except HTTPError as error:
            if error.code == 503:
                return False
            raise

    def _ask(self, path: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
        body = None if data is None else json.dumps(data).encode()
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        request = Request(self._address + path, body, headers)  # noqa: S310 - ours
        with urlopen(request, timeout=60) as response:  # noqa: S310
            found: dict[str, Any] = json.load(response)
            return found


async def until_ready(source: Source, server: Contestant) -> tuple[float, int]:
    """Wait for the end of a sync; return its seconds, and the most memory in KiB until then."""
    began, most = time.monotonic(), 0
    while True:
        most = max(most, memory_kib(server.process.pid))
        found = await asyncio.to_thread(source.read)
        if found["status"] not in {"waiting", "running"}:
            break
        if time.monotonic() > began + SYNC_SECONDS:
            raise RuntimeError(found)
        await asyncio.sleep(0.5)
    if found["status"] != "ready":
        raise RuntimeError(found)
    return time.monotonic() - began, most


async def measure(options: argparse.Namespace) -> None:
    """Measure, and print."""
    with Stage() as stage:
        port = free_port()
        arguments = ("--port", str(port), "--pages", str(options.pages))
        stage.start("website", ("-m", "benchmarks.syncs.website", *arguments), port)
        site = LoquentSite(stage, SOURCES)
        server = site.start()
        agent_id, key = site.reader()
        print(f"memory at the start: {memory_kib(server.process.pid) // 1024} MiB")
        source = Source(server, agent_id, key)
        await asyncio.to_thread(source.add, f"http://127.0.0.1:{port}/")
        seconds, most = await until_ready(source, server)
        read = (await asyncio.to_thread(source.read))["pages"]
        await asyncio.to_thread(source.wait_until_indexed)
        print(f"first sync, nobody chats: {read} pages in {seconds:.0f} s, {most // 1024} MiB")
        pids = {"server": server.process.pid} | stage.pids()

        async def chat() -> Sample:
            return await pace(
                server, pids, sockets=options.visitors, warm=WARM, seconds=options.seconds,
                rate=options.rate,
            )  # fmt: skip

        quiet, syncing = [], []
        for number in range(options.rounds):
            await asyncio.to_thread(source.wait_until_indexed)
            quiet.append(await chat())
            print(f"round {number + 1}, quiet:   {_told(quiet[-1].tally.first_tokens)}")
            await asyncio.to_thread(source.start)
            sync = asyncio.create_task(until_ready(source, server))
            syncing.append(await chat())
            seconds, most = await sync
            memory = f"sync {seconds:.0f} s, {most // 1024} MiB"
            print(f"round {number + 1}, syncing: {_told(syncing[-1].tally.first_tokens)}; {memory}")
        for name, samples in (("quiet", quiet), ("syncing", syncing)):
            for share in (0.5, 0.95):
                found = [_part(one.tally.first_tokens, share) for one in samples]
                spread = f"{min(found):.0f} to {max(found):.0f}"
                middle = statistics.median(found)
                print(f"{name}: p{share * 100:.0f} {middle:.0f} ms ({spread})")


def _part(times: Sequence[float], share: float) -> float:
    return sorted(times)[int(share * (len(times) - 1))] * 1_000


def _told(times: Sequence[float]) -> str:
    parts = ", ".join(f"p{share * 100:.0f} {_part(times, share):.0f} ms" for share in (0.5, 0.95))
    return f"{len(times)} answers, first token {parts}, most {max(times) * 1_000:.0f} ms"


def main() -> None:
    """Read the command line, and measure."""
    # Whatever ends this ends the servers that it has started, too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, frame: sys.exit(128 + received))
    parser = argparse.ArgumentParser(prog="python -m benchmarks.syncs")
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--visitors", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=10.0, help="questions per second")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
