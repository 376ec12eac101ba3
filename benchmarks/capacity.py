"""`python -m benchmarks.capacity VISITORS_A_DAY`: a simulated day, and what it takes to serve it.

The day has a wave: its busiest hour has three times the average. Visitors come by chance; some of
them chat. The figures of one process come from RESULTS.md and can be given. docs/scaling.md reads
the table.
"""

import argparse
import math
import random
from dataclasses import dataclass

DAY_SECONDS = 86_400
# Of the day's average: from a tenth at night to three times in the evening.
WAVE_LOW, WAVE_HIGH, WAVE_SHARPNESS = 0.1, 3.0, 2.2


@dataclass(frozen=True, slots=True)
class Habits:
    """How visitors behave: the share that chats, for how long (s), and how often each asks."""

    chatting: float = 0.05
    seconds: float = 480.0
    messages: float = 4.0


@dataclass(frozen=True, slots=True)
class Costs:
    """What was measured of one process, and of the database for it."""

    cpu_seconds_per_reply: float
    database_seconds_per_reply: float
    kib_per_socket: float
    bytes_per_message: float
    process_mib: float = 140.0
    # A process is not planned to be busier than this at the peak.
    busy: float = 0.6


@dataclass(frozen=True, slots=True)
class Day:
    """What a day came to."""

    conversations: int
    replies: int
    peak_sockets: int
    peak_replies_a_second: float


def wave(second: int) -> float:
    """How busy a second of the day is, beside the day's average."""
    height = math.pow(0.5 - 0.5 * math.cos(2 * math.pi * second / DAY_SECONDS), WAVE_SHARPNESS)
    return WAVE_LOW + (WAVE_HIGH - WAVE_LOW) * height


def simulate(visitors: int, habits: Habits, *, seed: int = 1, step: int = 5) -> Day:
    """A day in steps of so many seconds; the same seed gives the same day."""
    chance = random.Random(seed)
    weights = [wave(second) for second in range(0, DAY_SECONDS, step)]
    scale = visitors * habits.chatting / sum(weights)
    leaving = 1 - math.exp(-step / habits.seconds)
    asking = habits.messages * step / habits.seconds
    sockets = conversations = replies = peak_sockets = 0
    peak = 0.0
    for weight in weights:
        arrivals = _poisson(chance, weight * scale)
        sockets += arrivals - min(sockets, _poisson(chance, sockets * leaving))
        asked = _poisson(chance, sockets * asking)
        conversations += arrivals
        replies += asked
        peak_sockets = max(peak_sockets, sockets)
        peak = max(peak, asked / step)
    return Day(conversations, replies, peak_sockets, peak)


def _poisson(chance: random.Random, mean: float) -> int:
    """A number of chance events; by the normal distribution where they are many."""
    if mean > 50:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, events = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        events += 1
    return events


def table(day: Day, costs: Costs) -> list[tuple[str, str]]:
    """What the day takes, as names and figures."""
    cores = day.peak_replies_a_second * costs.cpu_seconds_per_reply
    by_cpu = math.ceil(cores / costs.busy)
    by_sockets = math.ceil(day.peak_sockets / 10_000)
    processes = max(2, by_cpu, by_sockets)
    memory = (day.peak_sockets * costs.kib_per_socket / 1024 + processes * costs.process_mib) / 1024
    stored = 2 * day.replies * costs.bytes_per_message / 1e9
    return [
        ("conversations a day", f"{day.conversations:,}"),
        ("answers a day", f"{day.replies:,}"),
        ("answers a second at the peak", f"{day.peak_replies_a_second:,.1f}"),
        ("sockets at the peak", f"{day.peak_sockets:,}"),
        ("cores busy with it at the peak", f"{cores:.2f}"),
        (
            "cores of PostgreSQL",
            f"{day.peak_replies_a_second * costs.database_seconds_per_reply:.2f}",
        ),
        ("processes", f"{processes:,}"),
        ("memory of the processes, GiB", f"{memory:.1f}"),
        ("stored a day, GB", f"{stored:.2f}"),
        ("stored a year, GB", f"{stored * 365:,.0f}"),
    ]


def main() -> None:
    """Simulate the days that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("visitors", type=int, nargs="+", help="visitors a day")
    parser.add_argument("--cpu", type=float, default=2.4, help="CPU seconds of 1,000 replies")
    parser.add_argument("--database", type=float, default=0.55, help="the same of PostgreSQL")
    parser.add_argument("--kib", type=float, default=37.0, help="KiB of an idle socket")
    parser.add_argument("--bytes", type=float, default=1_000.0, help="stored for a message")
    given = parser.parse_args()
    costs = Costs(given.cpu / 1000, given.database / 1000, given.kib, given.bytes)
    for visitors in given.visitors:
        print(f"\n{visitors:,} visitors a day")
        for name, figure in table(simulate(visitors, Habits()), costs):
            print(f"  {name:34}{figure:>14}")


if __name__ == "__main__":
    main()
