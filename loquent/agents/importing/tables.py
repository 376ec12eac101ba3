"""CSV: a row is an entry. Pure."""

import csv
import io

from loquent.agents.importing.reading import Draft, Reading

TITLES = frozenset({"title", "question", "name", "subject", "heading", "topic", "titel", "frage"})
CONTENTS = frozenset(
    {"content", "answer", "text", "body", "description", "inhalt", "antwort", "reply"}
)
URLS = frozenset({"url", "link", "source", "address", "page"})
DELIMITERS = ",;\t|"
MAX_ROWS = 5_000


def read_table(text: str, *, name: str) -> Reading:
    """Return the rows of a table, each with a title, a text and, if there is one, a link.

    The columns are found by the names in the first row; without such names the first column is the
    title, the second the text, and the third, where it holds addresses, the link.
    """
    reading = Reading()
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), _dialect(text)))
    except csv.Error:
        reading.skip(name, "The file can't be read as CSV.")
        return reading
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        reading.skip(name, "It is empty.")
        return reading
    columns = _columns(rows[0])
    start = 1 if columns else 0
    title, content, url = columns or (0, 1, 2)
    if max(len(row) for row in rows) < 2:
        reading.skip(
            name, "A table needs two columns: titles (or questions), and texts (or answers)."
        )
        return reading
    for number, row in enumerate(rows[start:MAX_ROWS], start + 1):
        link = _cell(row, url)
        reading.add(
            Draft(
                _cell(row, title) or f"{name}, row {number}",
                _cell(row, content),
                link if link.startswith(("http://", "https://")) else "",
            ),
            what=f"{name}, row {number}",
        )
    if len(rows) > MAX_ROWS:
        reading.skip(name, f"Rows after the first {MAX_ROWS:,} were skipped.")
    return reading


def _dialect(text: str) -> type[csv.Dialect]:
    try:
        return csv.Sniffer().sniff(text[:8_192], DELIMITERS)
    except csv.Error:
        return csv.excel


def _columns(head: list[str]) -> tuple[int, int, int] | None:
    """Return the columns of title, text and link by name; None if the row has no such names."""
    names = [cell.strip().lower() for cell in head]

    def place(wanted: frozenset[str]) -> int:
        return next((at for at, name in enumerate(names) if name in wanted), -1)

    title, content = place(TITLES), place(CONTENTS)
    return None if title < 0 or content < 0 else (title, content, place(URLS))


def _cell(row: list[str], at: int) -> str:
    return row[at].strip() if 0 <= at < len(row) else ""
