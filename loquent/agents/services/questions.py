"""Create and update the questions that evaluate an agent."""

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from loquent.agents.models import AgentQuestion, KnowledgeEntry, TextAgent
from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.text import clean_text, unix_lines

MAX_QUESTIONS = 2_000
QUESTION_FIELDS = ("question", "previous", "expect", "entry")


def save_question(question: AgentQuestion, data: Mapping[str, Any]) -> AgentQuestion:
    """Set the given fields and save the row; raise `invalid`, which names the invalid fields."""
    with transaction.atomic():
        if TextAgent.objects.select_for_update().filter(id=question.agent_id).first() is None:
            raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such text agent.")
        if question._state.adding:
            count = AgentQuestion.objects.filter(agent_id=question.agent_id).count()
            if count >= MAX_QUESTIONS:
                sentence = f"An agent can have at most {MAX_QUESTIONS:,} test questions."
                raise invalid({"question": [sentence]})
        _assign(question, data)
        question.save()
    return question


def read_lines(data: bytes) -> list[str]:
    """Return the lines of a file; raise UnicodeDecodeError if it is not UTF-8.

    Only line feeds end a line: JSON strings may contain what else Unicode calls a line break.
    """
    return unix_lines(data.decode("utf-8-sig")).split("\n")


def import_questions(*, agent: TextAgent, lines: Iterable[str]) -> int:
    """Add the questions of a JSON Lines text, all or none; return how many.

    `entry` is an id or a title of the agent's knowledge. Raises `invalid` that names each wrong
    line with its reason.
    """
    entries = list(KnowledgeEntry.objects.filter(agent=agent).only("id", "title"))
    known = {str(entry.id): entry for entry in entries} | {entry.title: entry for entry in entries}
    rows: list[AgentQuestion] = []
    errors: dict[str, list[str]] = {}
    first: dict[tuple[str, str], int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = AgentQuestion(agent=agent)
        try:
            _assign(row, _read(line, known))
        except ApplicationError as error:
            errors[f"line {number}"] = [error.message]
        else:
            seen = first.setdefault((row.question, row.previous), number)
            if seen != number:
                errors[f"line {number}"] = [f"Line {seen} asks the same question."]
        rows.append(row)
    if not rows:
        raise invalid({"file": ["There are no questions in it."]})
    if len(rows) + AgentQuestion.objects.filter(agent=agent).count() > MAX_QUESTIONS:
        errors["lines"] = [f"An agent can have at most {MAX_QUESTIONS:,} test questions."]
    if errors:
        raise invalid(errors)
    AgentQuestion.objects.bulk_create(rows)
    return len(rows)


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
