"""Tables as CSV, for spreadsheets that take some text for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

# With one of these at its beginning a spreadsheet computes a cell, whoever wrote it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(value: object) -> str:
    """A cell as text; what would be a formula begins with an apostrophe, numbers stay numbers."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, int | float):
        return text
    return f"'{text}" if text.startswith(FORMULA) else text


def to_csv(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV, with the mark by which spreadsheets know UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return f"\ufeff{out.getvalue()}"
