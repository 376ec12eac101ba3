"""Whether the work of a function grows in proportion to its input. No time has a limit here.

Python's own steps are counted: the lines that run. They are the same in each run. What runs in C,
such as a regular expression, has no lines; for it the processor time of two inputs is compared with
each other, as a factor. Eight times the input means 8 times the work if it is linear and 64 times
if it is quadratic, so that a threshold between the two leaves room for a busy machine.
"""

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

Call = Callable[[str], object]
Make = Callable[[int], str]
# Characters. A text is cut, or refused, at some lengths below the first of them.
COUNTED = 2_000
SMALL, LARGE = 3_000, 24_000
MAX_FACTOR = 24.0
# Shorter times are too close to the timer's resolution to be compared.
MEASURABLE_SECONDS = 0.004
ATTEMPTS = 3


def lines_run(call: Call, text: str) -> int:
    """Count the lines of Python that a call runs, those of libraries included."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call(text)
    finally:
        sys.settrace(before)
    return count


def cpu_seconds(call: Call, text: str, *, repeats: int = 1) -> float:
    """Measure the processor time of this thread for a call, the least of some repeats."""
    least = float("inf")
    for _ in range(repeats):
        before = time.thread_time()
        call(text)
        least = min(least, time.thread_time() - before)
    return least


def superlinear(call: Call, make: Make) -> str:
    """Describe how a call's work outgrows its input; "" if it does not.

    `make` returns a text of about the number of characters that it is given.
    """
    once, twice = lines_run(call, make(COUNTED)), lines_run(call, make(2 * COUNTED))
    # Twice the work if it is linear, four times if it is quadratic.
    if twice > 3 * once + 200:
        return f"{once} lines of Python become {twice} with twice the input"
    small, large = make(SMALL), make(LARGE)
    if cpu_seconds(call, large) < MEASURABLE_SECONDS:
        return ""
    for _ in range(ATTEMPTS):
        factor = cpu_seconds(call, large, repeats=2) / cpu_seconds(call, small, repeats=5)
        if factor < MAX_FACTOR:
            return ""
    return f"8 times the input takes {factor:.0f} times as long"
