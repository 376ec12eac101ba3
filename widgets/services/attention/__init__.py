"""Decide at write time which conversations need staff, so that lists only filter."""

from widgets.services.attention.marks import (
    NEEDS_STAFF,
    after_answer,
    after_details,
    after_message,
    after_rating,
    mark_as_done,
)
from widgets.services.attention.signs import signs_of

__all__ = [
    "NEEDS_STAFF",
    "after_answer",
    "after_details",
    "after_message",
    "after_rating",
    "mark_as_done",
    "signs_of",
]
