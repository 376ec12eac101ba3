"""Write CSV that is safe to open in spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence

# Spreadsheets treat a cell that starts with one of these as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(value: object) -> str:
    """Return a cell as text, with an apostrophe before a formula; numbers stay numbers."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, int | float):
        return text
    return f"'{text}" if text.startswith(FORMULA) else text


def to_csv(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV with a byte order mark, by which spreadsheets recognize UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return f"\ufeff{out.getvalue()}"
