"""Measures our server beside others: `python -m benchmarks`; benchmarks/README.md says more."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

import uvloop

from benchmarks.contestants.registry import ENTRIES
from benchmarks.measure import MODES, Plan, measure
from benchmarks.report import RESULTS, text, write


def read_plan(arguments: Sequence[str]) -> tuple[Plan, Path | None]:
    """The command line: what to measure, and where to write it, if anywhere."""
    usual = Plan(tuple(MODES))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("modes", nargs="*", metavar="MODE", help=f"of {', '.join(MODES)}; or all")
    parser.add_argument("--servers", help=f"between commas, of {', '.join(ENTRIES)}; or all")
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="of each run")
    parser.add_argument("--sockets", type=int, help="of sat and two, for every server")
    parser.add_argument("--output", type=Path, help="of the tables; all modes: RESULTS.md")
    options = parser.parse_args(arguments)
    modes = tuple(options.modes or MODES)
    servers = tuple(options.servers.split(",") if options.servers else ENTRIES)
    for name, known in [*((mode, MODES) for mode in modes), *((one, ENTRIES) for one in servers)]:
        if name not in known:
            parser.error(f"{name} is unknown; there are {', '.join(known)}")
    plan = Plan(
        modes,
        servers,
        rounds=options.rounds,
        seconds=options.seconds,
        sockets=options.sockets,
    )
    is_whole = modes == tuple(MODES) and servers == tuple(ENTRIES)
    return plan, options.output or (RESULTS if is_whole else None)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def main() -> None:
    """Measure, print, and write."""
    plan, path = read_plan(sys.argv[1:])
    # Whatever ends this ends the servers that it has started, too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        results = runner.run(measure(plan))
    print(text(plan, results))
    if path is not None:
        write(plan, results, path)


if __name__ == "__main__":
    main()
