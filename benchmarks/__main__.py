"""Measures our server beside others: `python -m benchmarks [MODE …]`."""

import argparse
import asyncio
import statistics

import uvloop

from benchmarks.contestants.loquent import LoquentSite
from benchmarks.contestants.reference import start_reference
from benchmarks.load import Sample, pace, saturate
from benchmarks.stage import Contestant, Stage

SERVERS = ("loquent", "reference", "reference-gathered")


def start(stage: Stage, name: str) -> Contestant:
    """Start the server of that name."""
    if name == "loquent":
        return LoquentSite(stage).start()
    return start_reference(stage, gather=0.05 if name == "reference-gathered" else 0.0, name=name)


def describe(sample: Sample) -> str:
    """One run in one line."""
    first = [seconds * 1_000 for seconds in sample.tally.first_tokens]
    cpu = ", ".join(f"{name} {sample.cpu_per_1000(name):.2f}" for name in sample.cpu)
    percentiles = statistics.quantiles(first, n=100)
    return (
        f"{sample.replies_per_second:.0f} replies/s; CPU s/1000: {cpu}; "
        f"first token p50 {statistics.median(first):.1f} ms, p99 {percentiles[98]:.1f} ms"
    )


async def main(options: argparse.Namespace) -> None:
    """Run each mode's rounds, the servers in turn."""
    with Stage() as stage:
        contestants = [start(stage, name) for name in options.servers]
        for contestant in contestants:
            print(f"{contestant.name}: pid {contestant.process.pid}", flush=True)
        for mode in options.modes:
            for number in range(options.rounds):
                for contestant in contestants:
                    pids = {"server": contestant.process.pid} | stage.pids()
                    sample = await run(mode, contestant, pids, options)
                    print(f"{mode} {number + 1} {contestant.name}: {describe(sample)}", flush=True)


async def run(
    mode: str, contestant: Contestant, pids: dict[str, int], options: argparse.Namespace
) -> Sample:
    """One run of one server."""
    if mode == "sat":
        return await saturate(
            contestant, pids, sockets=options.sockets, warm=2, seconds=options.seconds
        )
    return await pace(contestant, pids, sockets=40, warm=2, seconds=options.seconds, rate=10)


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("modes", nargs="*", default=["sat"], metavar="sat|rate")
    parser.add_argument("--servers", type=lambda text: text.split(","), default=SERVERS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--sockets", type=int, default=200)
    return parser.parse_args()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(read_options()))
