"""Texts of events, read when they are sent: apps above this one say how.

Nothing that a person wrote is stored with an event, so that an erasure also ends here.
"""

from collections.abc import Callable, Mapping
from typing import Any

# Given the data of an event, returns fields to add to it; None if what it is about is gone.
ReadText = Callable[[Mapping[str, Any]], dict[str, Any] | None]

_readers: dict[str, ReadText] = {}


def text_of(*types: str) -> Callable[[ReadText], ReadText]:
    """Declare where the text of these types of events is."""

    def register(read: ReadText) -> ReadText:
        _readers.update(dict.fromkeys(types, read))
        return read

    return register


def read_text(event_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the text fields of an event; empty if it has none, or if they have been deleted."""
    read = _readers.get(event_type)
    return (read(data) or {}) if read is not None else {}
