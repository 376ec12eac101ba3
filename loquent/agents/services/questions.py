"""Create and update the questions that evaluate an agent."""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction

from loquent.agents.models import AgentQuestion, KnowledgeEntry, TextAgent
from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.text import clean_text, normalize_unicode, unix_lines

MAX_QUESTIONS = 2_000
QUESTION_FIELDS = ("question", "previous", "expect", "entry")


class Imported(NamedTuple):
    """How many questions of a file were new, expected something else before, or were there."""

    added: int
    updated: int
    unchanged: int

    def sentence(self) -> str:
        """Return the numbers in words."""
        parts = [f"{self.added} question{'' if self.added == 1 else 's'} added"]
        if self.updated:
            parts.append(f"{self.updated} updated")
        if self.unchanged:
            parts.append(f"{self.unchanged} unchanged")
        return ", ".join(parts) + "."


def save_question(question: AgentQuestion, data: Mapping[str, Any]) -> AgentQuestion:
    """Set the given fields and save the row; raise `invalid`, which names the invalid fields.

    A question that the agent has already, with the same expected outcome, is invalid.
    """
    with transaction.atomic():
        if TextAgent.objects.select_for_update().filter(id=question.agent_id).first() is None:
            raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such text agent.")
        if question._state.adding:
            count = AgentQuestion.objects.filter(agent_id=question.agent_id).count()
            if count >= MAX_QUESTIONS:
                raise invalid({"question": [_too_many()]})
        _assign(question, data)
        same = {name: getattr(question, name) for name in QUESTION_FIELDS}
        others = AgentQuestion.objects.filter(agent_id=question.agent_id).exclude(id=question.id)
        if others.filter(**same).exists():
            raise invalid({"question": ["This test question already exists."]})
        question.save()
    return question


def read_lines(data: bytes) -> list[str]:
    """Return the lines of a file; raise UnicodeDecodeError if it is not UTF-8.

    Only line feeds end a line: JSON strings may contain what else Unicode calls a line break.
    """
    return unix_lines(data.decode("utf-8-sig")).split("\n")


def import_questions(*, agent: TextAgent, lines: Iterable[str]) -> Imported:
    """Add the questions of a JSON Lines text, all or none; return how many.

    `entry` is an id or a title of the agent's knowledge. A question that the agent has already is
    not added again; it is updated if it expects something else. Raises `invalid` that names each
    wrong line with its reason.
    """
    with transaction.atomic():
        TextAgent.objects.select_for_update().filter(id=agent.id).first()
        rows = _parse(agent, lines)
        kept: dict[tuple[str, str], list[AgentQuestion]] = defaultdict(list)
        for stored in AgentQuestion.objects.filter(agent=agent):
            kept[_key(stored)].append(stored)
        added = [row for key, row in rows.items() if key not in kept]
        if len(added) + sum(map(len, kept.values())) > MAX_QUESTIONS:
            raise invalid({"lines": [_too_many()]})
        updated = 0
        for key, row in rows.items():
            if key in kept and _expected(row) not in map(_expected, kept[key]):
                old = kept[key][0]
                old.expect, old.entry, old.was_right = row.expect, row.entry, None
                old.save()
                updated += 1
        AgentQuestion.objects.bulk_create(added)
    return Imported(len(added), updated, len(rows) - len(added) - updated)


def _parse(agent: TextAgent, lines: Iterable[str]) -> dict[tuple[str, str], AgentQuestion]:
    entries = list(KnowledgeEntry.objects.filter(agent=agent).only("id", "title"))
    known = {str(entry.id): entry for entry in entries} | {entry.title: entry for entry in entries}
    rows: dict[tuple[str, str], AgentQuestion] = {}
    errors: dict[str, list[str]] = {}
    first: dict[tuple[str, str], int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = AgentQuestion(agent=agent)
        try:
            _assign(row, _read(line, known))
        except ApplicationError as error:
            errors[f"line {number}"] = error.fields.get("line") or [error.message]
            continue
        seen = first.setdefault(_key(row), number)
        if seen != number:
            errors[f"line {number}"] = [f"Line {seen} asks the same question."]
        rows[_key(row)] = row
    if errors:
        raise invalid(errors)
    if not rows:
        raise invalid({"file": ["There are no questions in it."]})
    return rows


def _key(row: AgentQuestion) -> tuple[str, str]:
    """Return what makes two rows the same question. Case counts: it can be what is tested."""
    question, previous = (
        " ".join(normalize_unicode("NFC", text).split()) for text in (row.question, row.previous)
    )
    return question, previous


def _expected(row: AgentQuestion) -> tuple[str, uuid.UUID | None]:
    return row.expect, row.entry_id


def _too_many() -> str:
    return f"An agent can have at most {MAX_QUESTIONS:,} test questions."


def _read(line: str, known: Mapping[str, KnowledgeEntry]) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        raise invalid({"line": ["The line is not valid JSON."]}) from None
    if not isinstance(data, dict):
        raise invalid({"line": ["Write one JSON object per line."]})
    unknown = sorted(set(data) - set(QUESTION_FIELDS))
    if unknown:
        raise invalid({str(unknown[0]): ["There is no such field."]})
    if any(not isinstance(value, str) for value in data.values() if value is not None):
        raise invalid({"line": ["All values must be strings."]})
    if data.get("entry"):
        if data["entry"] not in known:
            raise invalid({"entry": ["The agent has no entry with this id or title."]})
        data["entry"] = known[data["entry"]]
    return {
        name: clean_text(value) if isinstance(value, str) else value
        for name, value in data.items()
        if value is not None
    }


def _assign(row: AgentQuestion, data: Mapping[str, Any]) -> None:
    for name in QUESTION_FIELDS:
        if name in data:
            setattr(row, name, data[name])
    fields: dict[str, list[str]] = {}
    try:
        row.full_clean(
            exclude=["agent", "entry"], validate_unique=False, validate_constraints=False
        )
    except ValidationError as error:
        fields = error.message_dict
    if row.expect != AgentQuestion.Expect.ENTRY and row.entry_id is not None:
        fields["entry"] = ["Leave this out unless an entry is expected."]
    elif row.expect == AgentQuestion.Expect.ENTRY and row.entry_id is None:
        fields["entry"] = ["Name the entry that answers the question."]
    elif row.entry_id is not None and not _is_of(row.entry_id, row.agent_id):
        fields["entry"] = ["The agent has no such entry."]
    if fields:
        raise invalid(fields)
    # The result of the last evaluation belongs to another question.
    row.was_right = None


def _is_of(entry_id: uuid.UUID, agent_id: uuid.UUID) -> bool:
    return KnowledgeEntry.objects.filter(id=entry_id, agent_id=agent_id).exists()
