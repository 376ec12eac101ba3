"""JSON and lines of JSON, whatever the file's name: an object is an entry. Pure."""

import json
import re
from typing import Any

from loquent.agents.importing.reading import MAX_ENTRIES, Draft, Reading, refused
from loquent.agents.importing.tables import MAX_ROWS, TWO_COLUMNS, find_columns
from loquent.text import clean_text, unix_lines

NO_ENTRIES = (
    "The file is JSON, but has no list of objects with a title (or question) and a text (or "
    f"answer). Save it as CSV. {TWO_COLUMNS}"
)
BROKEN = (
    f"The file looks like JSON, but is not valid JSON. Correct it, or save it as CSV. {TWO_COLUMNS}"
)
INCOMPLETE = "It has no title (or question), or no text (or answer)."
_START = re.compile(r'\s*(?:\[\s*)?\{\s*"[^"\n]{0,200}"\s*:')


def looks_like_json(text: str) -> bool:
    """Return whether a text begins as no table does."""
    return _START.match(text) is not None


def parse_json(text: str) -> Any:
    """Return an object or a list, or the objects of a text that has one per line; else None."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        try:
            value = [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            return None
        return value if all(isinstance(item, dict) for item in value) else None
    return value


def read_records(value: Any, *, name: str, most: int = MAX_ENTRIES) -> Reading:
    """Return the entries of the first list of objects in a JSON document."""
    reading = Reading(most=most)
    found = _records(value)
    has_columns = False
    for number, record in enumerate(found[:MAX_ROWS], 1):
        what = f"{name}, entry {number}"
        names = list(record) if isinstance(record, dict) else []
        columns = find_columns(names)
        if columns is None:
            reading.skip(what, INCOMPLETE)
            continue
        has_columns = True
        title, content, url = (_text(record[names[at]]) if at >= 0 else "" for at in columns)
        link = url if url.startswith(("http://", "https://")) else ""
        reading.add(Draft(title or what, content, link), what=what)
    if not has_columns:
        return refused(name, NO_ENTRIES)
    if len(found) > MAX_ROWS:
        reading.skip(name, f"Entries after the first {MAX_ROWS:,} were skipped.")
    return reading


def _records(value: Any, depth: int = 6) -> list[Any]:
    """Return the first list of objects; it may be the value of a field, and may hold others."""
    if not depth:
        return []
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [record for item in value for record in _records(item, depth - 1) or [item]]
    if not isinstance(value, dict):
        return []
    if find_columns(list(value)):
        return [value]
    return next(filter(None, (_records(item, depth - 1) for item in value.values())), [])


def _text(value: Any) -> str:
    """Return a value as text; a list as lines."""
    if isinstance(value, list):
        return "\n".join(
            filter(None, (_text(item) for item in value if not isinstance(item, list)))
        )
    is_text = isinstance(value, str | int | float) and not isinstance(value, bool)
    # JSON escapes can produce control characters and half surrogate pairs.
    return clean_text(unix_lines(str(value))) if is_text else ""
