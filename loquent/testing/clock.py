"""A clock for tests."""


class Clock:
    """Stands still until the test moves it: `clock.now += 5`. Seconds, as time.monotonic gives."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now
