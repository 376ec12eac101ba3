"""What reading a website costs the visitors who chat at the same time.

    .venv/bin/python -m benchmarks.syncs [--pages 300] [--visitors 200] [--rounds 5] [--seconds 12]
        [--rate 10] [--shape server] [--syncs 1]

Visitors ask an assistant at a steady rate. In turn, their answers are timed without a sync, and
while a sync reads a site whose pages have all changed, stores them, and until they are indexed.
Prints the time from question to first token, whether that of the rounds with a sync is within the
spread of those without, and the most memory of the server and the jobs, with all their processes.

`--shape server`: one process on SQLite that also runs the jobs, as with `make run`. `worker`: a
server and `manage.py work` as processes of their own, on PostgreSQL and Redis. `--rounds 0`: only
the first syncs, without visitors: one, or `--syncs`, each of which prints the most memory.
"""

import argparse
import asyncio
import signal
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence

import uvloop

from benchmarks.contestants.loquent import LoquentSite
from benchmarks.load import Sample, pace
from benchmarks.processes import memory_kib
from benchmarks.stage import Contestant, Stage
from benchmarks.syncs.source import Source
from loquent.priority import lower_child
from loquent.testing.ports import free_port

WARM = 2.0
WATCH_SECONDS = 1.0
SHARES = (0.5, 0.95)
SOURCES = {"SOURCES_ALLOWED_NETWORKS": "127.0.0.0/8", "SOURCES_ALLOW_HTTP": "1"}


class Memory:
    """The most memory of some process trees together, in MiB, since `start`."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids = list(pids)
        self.most = 0

    def now(self) -> int:
        """Return what they use now."""
        return sum(memory_kib(pid) for pid in self._pids) // 1024

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            self.most = max(self.most, await asyncio.to_thread(self.now))
            await asyncio.sleep(WATCH_SECONDS)


class Run:
    """A server, its visitors and a source."""

    def __init__(
        self,
        options: argparse.Namespace,
        server: Contestant,
        source: Source,
        own: Mapping[str, int],
    ) -> None:
        """`own`: the processes of the product, by name."""
        self._options = options
        self._server = server
        self._source = source
        self._own = own
        self.memory = Memory(own.values())

    async def chat(self, until: asyncio.Event | None = None) -> Sample:
        """Time answers for some seconds, and until an event."""
        options = self._options
        return await pace(
            self._server, dict(self._own), sockets=options.visitors, warm=WARM,
            seconds=options.seconds, rate=options.rate, until=until,
        )  # fmt: skip

    async def sync(self, is_indexed: asyncio.Event) -> tuple[float, float]:
        """Read the site; return the seconds until it was read, and until it was indexed."""
        await asyncio.sleep(WARM)
        began = time.monotonic()
        await asyncio.to_thread(self._source.start)
        return await self.follow(began, is_indexed)

    async def follow(self, began: float, is_indexed: asyncio.Event) -> tuple[float, float]:
        """Wait for the end of a sync that has begun."""
        try:
            await asyncio.to_thread(self._source.wait_until_ready)
            read = time.monotonic() - began
            await asyncio.to_thread(self._source.wait_until_indexed)
            return read, time.monotonic() - began
        finally:
            is_indexed.set()

    async def round(self, number: int) -> tuple[Sample, Sample]:
        """Return the answers without and with a sync."""
        quiet = await self.chat()
        print(f"round {number}, quiet:   {_told(quiet)}", flush=True)
        is_indexed = asyncio.Event()
        self.memory.most = 0
        sync = asyncio.create_task(self.sync(is_indexed))
        syncing = await self.chat(is_indexed)
        read, indexed = await sync
        times = f"read in {read:.0f} s, indexed after {indexed:.0f} s"
        print(f"round {number}, syncing: {_told(syncing)}; {times}, {self.memory.most} MiB")
        return quiet, syncing


async def measure(options: argparse.Namespace) -> None:
    """Measure, and print."""
    with Stage() as stage:
        port = free_port()
        arguments = ("--port", str(port), "--pages", str(options.pages))
        website = stage.start("website", ("-m", "benchmarks.syncs.website", *arguments), port)
        # A real website is on another machine.
        lower_child(website.pid)
        in_server = options.shape == "server"
        variables = dict(SOURCES)
        if in_server:
            variables |= {"DATABASE_URL": f"sqlite:///{stage.home}/db.sqlite3", "REDIS_URL": ""}
        site = LoquentSite(stage, variables)
        server = site.start()
        own = {"server": server.process.pid}
        if not in_server:
            own["worker"] = site.start_worker().pid
        print(", ".join(f"{name}: process {pid}" for name, pid in own.items()), flush=True)
        source = Source(server.process.port, *site.reader())
        run = Run(options, server, source, own)
        print(f"memory at the start: {run.memory.now()} MiB")
        watch = asyncio.create_task(run.memory.watch())
        began = time.monotonic()
        await asyncio.to_thread(source.add, f"http://127.0.0.1:{port}/")
        read, indexed = await run.follow(began, asyncio.Event())
        pages = await asyncio.to_thread(lambda: source.pages)
        times = f"read in {read:.0f} s, indexed after {indexed:.0f} s"
        print(
            f"first sync, without visitors: {pages} pages {times}, {run.memory.most} MiB",
            flush=True,
        )
        for number in range(2, options.syncs + 1):
            run.memory.most = 0
            read, indexed = await run.sync(asyncio.Event())
            print(
                f"sync {number}: indexed after {indexed:.0f} s, {run.memory.most} MiB", flush=True
            )
        rounds = [await run.round(number + 1) for number in range(options.rounds)]
        watch.cancel()
        if rounds:
            _summarize([quiet for quiet, _ in rounds], [syncing for _, syncing in rounds])


def _summarize(quiet: Sequence[Sample], syncing: Sequence[Sample]) -> None:
    for share in SHARES:
        usual, found = ([_part(one, share) for one in samples] for samples in (quiet, syncing))
        within = sum(time <= max(usual) for time in found)
        print(
            f"p{share * 100:.0f}: quiet {_range(usual)}, syncing {_range(found)}; "
            f"{within} of {len(found)} rounds with a sync within the spread of quiet rounds"
        )


def _range(times: Sequence[float]) -> str:
    return f"{statistics.median(times):.0f} ms ({min(times):.0f} to {max(times):.0f})"


def _part(sample: Sample, share: float) -> float:
    times = sorted(sample.tally.first_tokens)
    return times[int(share * (len(times) - 1))] * 1_000


def _told(sample: Sample) -> str:
    parts = ", ".join(f"p{share * 100:.0f} {_part(sample, share):.0f} ms" for share in SHARES)
    times = sample.tally.first_tokens
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
    parser.add_argument("--seconds", type=float, default=12.0, help="of a round, or longer")
    parser.add_argument("--rate", type=float, default=10.0, help="questions per second")
    parser.add_argument("--syncs", type=int, default=1, help="before the rounds")
    parser.add_argument("--shape", choices=("server", "worker"), default="server")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
