"""The simulated day that docs/scaling.md reads."""

from benchmarks.capacity import Costs, Day, Habits, simulate, table, wave

HABITS = Habits(chatting=0.1, seconds=300, messages=3)


def test_a_day_holds_together() -> None:
    day = simulate(200_000, HABITS)
    assert abs(day.conversations - 20_000) < 1_000
    assert abs(day.replies / day.conversations - 3) < 0.3
    # Little's law: who is there is who comes a second, times how long they stay.
    busiest = 20_000 / 86_400 * max(map(wave, range(0, 86_400, 60))) * 300
    assert busiest * 0.5 < day.peak_sockets < busiest * 3


def test_the_same_seed_gives_the_same_day() -> None:
    assert simulate(10_000, HABITS, step=60) == simulate(10_000, HABITS, step=60)
    assert simulate(10_000, HABITS, step=60) != simulate(10_000, HABITS, step=60, seed=2)


def test_what_is_short_decides_the_processes() -> None:
    costs = Costs(
        cpu_seconds_per_reply=0.003,
        database_seconds_per_reply=0.0005,
        kib_per_socket=32,
        bytes_per_message=1_000,
    )

    def processes(day: Day) -> str:
        return dict(table(day, costs))["processes"]

    assert processes(Day(1, 1, 10, 1.0)) == "2"
    assert processes(Day(1, 1, 10, 1_000.0)) == "5"
    assert processes(Day(1, 1, 95_000, 1.0)) == "10"
