"""All servers that are compared."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.contestants.chainlit import start_chainlit
from benchmarks.contestants.loquent import LoquentSite
from benchmarks.contestants.reference import start_reference
from benchmarks.stage import Contestant, Stage

GATHER_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Entry:
    """A server: what it is, how many sockets saturate it, and how it is started."""

    label: str
    sockets: int
    start: Callable[[Stage], Contestant]


ENTRIES = {
    "loquent": Entry(
        "Loquent Widget: one process, all features", 400, lambda stage: LoquentSite(stage).start()
    ),
    "reference": Entry("raw `websockets`, a frame per token, no database", 600, start_reference),
    "reference-gathered": Entry(
        "raw `websockets`, tokens of 50 ms gathered, no database",
        800,
        lambda stage: start_reference(stage, gather=GATHER_SECONDS, name="reference-gathered"),
    ),
    "chainlit": Entry("Chainlit as its documentation shows it, no database", 60, start_chainlit),
}
