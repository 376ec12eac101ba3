"""An invented library: its knowledge in twelve languages, and what readers ask it."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from loquent.agents.types import Passage

DATA = Path(__file__).with_name("data")


class LibraryQuestion(NamedTuple):
    """A reader's question. `entry`: the id of the entry that answers it; "" if none does."""

    question: str
    entry: str


def library_entries(language: str) -> list[Passage]:
    """Return the library's knowledge in one language."""
    rows = _read(f"library.{language}.entries.jsonl")
    return [Passage(row["title"], row["content"], row["url"], row["id"]) for row in rows]


def library_questions(language: str) -> list[LibraryQuestion]:
    """Return what readers ask in that language."""
    rows = [row for row in _read("library.questions.jsonl") if row["lang"] == language]
    return [LibraryQuestion(row["question"], "".join(row["gold"])) for row in rows]


def _read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]
