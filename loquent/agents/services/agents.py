"""Create, update and delete text agents, together with their knowledge."""

import math
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet, RestrictedError

from loquent.agents.backends.registry import explain_refused_model
from loquent.agents.importing.reading import MAX_ENTRIES, MAX_KNOWLEDGE_CHARS, MAX_PASSAGES
from loquent.agents.models import KnowledgeEntry, ModelConnection, TextAgent
from loquent.agents.search.passages import count_passages
from loquent.db.versions import ExpectedVersion, check_version, read_version, version_of
from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.organizations.audit import (
    CHANGED,
    CREATED,
    DELETED,
    changed_since,
    logged_since,
    record,
    values,
)
from loquent.organizations.models import Organization

AGENT_FIELDS = (
    "name",
    "instructions",
    "model",
    "connection",
    "max_output_tokens",
    "temperature",
    "language",
    "enabled",
    "fallback_sentence",
)
ENTRY_FIELDS = ("title", "content", "url")


class EntryData(TypedDict, total=False):
    """A knowledge entry to save: an existing one if `id` is set, otherwise a new one."""

    id: uuid.UUID
    title: str
    content: str
    url: str


class AgentData(TypedDict, total=False):
    """The fields of an agent to save. Absent fields are kept; `knowledge` replaces all entries."""

    name: str
    instructions: str
    model: str
    connection: ModelConnection | None
    max_output_tokens: int
    temperature: float | None
    language: str
    enabled: bool
    fallback_sentence: str
    knowledge: Sequence[EntryData]


def create_agent(*, organization: Organization, data: AgentData) -> TextAgent:
    """Create an agent with its knowledge; raise `invalid`, which names the field at fault."""
    agent = TextAgent(organization=organization)
    assign_settings(agent, data)
    with transaction.atomic():
        agent.save(force_insert=True)
        _replace_knowledge(agent, data.get("knowledge", ()))
    return agent


def hand_made(agent: TextAgent) -> QuerySet[KnowledgeEntry]:
    """Return the entries that are not read from a source."""
    return KnowledgeEntry.objects.filter(agent=agent, page=None)


def agent_version(agent: TextAgent) -> str:
    """Return the version of an agent and its knowledge, for `expected_version` and ETags.

    A sync of a website changes no version: editors neither see nor replace its entries.
    """
    newest = hand_made(agent).aggregate(newest=Max("updated_at"))["newest"]
    return version_of(max(agent.updated_at, newest or agent.updated_at))


def lock_agent(*, agent: TextAgent, expected_version: ExpectedVersion = None) -> TextAgent:
    """Return the agent, its row locked until the transaction ends; raise `not_found`.

    `expected_version`: as for `update_agent`.
    """
    current = TextAgent.objects.select_for_update().filter(id=agent.id).first()
    if current is None:
        raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such text agent.")
    if expected_version is not None:
        check_version(
            expected_version,
            agent_version(current),
            noun="text agent",
            changes=lambda version: _changes(current, version),
        )
    return current


def update_agent(
    *, agent: TextAgent, data: AgentData, expected_version: ExpectedVersion = None
) -> TextAgent:
    """Change the agent; raise `invalid`, or `not_found` if it was deleted.

    `expected_version`: the `agent_version` that the editor has read. If the agent has changed
    since, raises VersionConflictError, whose `current` contains what differs now.

    Entries keep their ids: one with a known id is updated, one without is created, missing ones
    are deleted. Only given fields are written, so that two people can change different ones.
    """
    with transaction.atomic():
        current = lock_agent(agent=agent, expected_version=expected_version)
        assign_settings(current, data)
        if "knowledge" in data:
            _replace_knowledge(current, data["knowledge"])
        given = [name for name in AGENT_FIELDS if name in data]
        # Last, even if only knowledge changes: `updated_at` is the version of both.
        current.save(update_fields=[*given, "updated_at"])
    return current


def delete_agent(*, agent: TextAgent, expected_version: ExpectedVersion = None) -> None:
    """Delete an agent and its knowledge; raises `conflict` while a widget uses it.

    Raises VersionConflictError as `update_agent` does.
    """
    try:
        with transaction.atomic():
            if expected_version is not None:
                lock_agent(agent=agent, expected_version=expected_version)
            agent.delete()
    except (RestrictedError, IntegrityError):
        raise ApplicationError(
            ErrorCode.CONFLICT,
            "This agent can't be deleted because widgets use it. Assign another agent to them "
            "first.",
        ) from None


def _changes(agent: TextAgent, version: str) -> dict[str, Any]:
    """Return the current values of an agent and its knowledge that changed after that version."""
    since = read_version(version)
    names = changed_since(agent, version)
    changed: dict[str, Any] = {
        name: getattr(agent, name) for name in AGENT_FIELDS if names is None or name in names
    }
    if "connection" in changed:
        changed["connection"] = agent.connection_id and str(agent.connection_id)
    entries = sorted(hand_made(agent), key=lambda entry: (entry.created_at, entry.id))
    if (
        since is None
        or any(entry.updated_at > since for entry in entries)
        or _deleted(agent, since)
    ):
        changed["knowledge"] = [
            {"id": str(entry.id), **{name: getattr(entry, name) for name in ENTRY_FIELDS}}
            for entry in entries
        ]
    return changed


def _deleted(agent: TextAgent, since: datetime) -> bool:
    """Whether entries were deleted: of any agent, as the log no longer knows of which."""
    lines = logged_since(KnowledgeEntry, since)
    return lines.filter(organization_id=agent.organization_id, action=DELETED).exists()


def assign_settings(agent: TextAgent, data: AgentData) -> None:
    """Set and validate the given fields, without saving."""
    for name in AGENT_FIELDS:
        if name in data:
            setattr(agent, name, data[name])  # type: ignore[literal-required]
    fields: dict[str, list[str]] = {}
    exclude: list[str] = []
    # Not a number passes every comparison of the validators, and means something to PostgreSQL.
    if isinstance(agent.temperature, float) and math.isnan(agent.temperature):
        fields["temperature"] = ["Use a number from 0 to 2, or null."]
        exclude.append("temperature")
    try:
        agent.full_clean(exclude=exclude)
    except ValidationError as error:
        fields |= error.message_dict
    connection = agent.connection
    if connection is not None and connection.organization_id != agent.organization_id:
        fields["connection"] = ["There is no such connection."]
    own = connection.model_names if connection is not None else None
    reason = explain_refused_model(agent.model, own_models=own) if "model" not in fields else None
    if reason is not None and ({"model", "connection"} & data.keys() or agent._state.adding):
        fields["model"] = [reason]
    if fields:
        raise invalid(fields)


def _replace_knowledge(agent: TextAgent, wanted: Sequence[EntryData]) -> None:
    """Replace the agent's hand-made entries, in the caller's transaction."""
    read = KnowledgeEntry.objects.filter(agent=agent).exclude(page=None)
    _check_size(wanted, list(read.values_list("content", flat=True)))
    existing = {entry.id: entry for entry in hand_made(agent)}
    before = {entry.id: values(entry, ENTRY_FIELDS) for entry in existing.values()}
    kept: set[uuid.UUID] = set()
    new: list[KnowledgeEntry] = []
    errors: dict[str, list[str]] = {}
    for position, data in enumerate(wanted):
        entry = KnowledgeEntry(agent=agent)
        if (entry_id := data.get("id")) is not None:
            if entry_id not in existing or entry_id in kept:
                errors[f"knowledge.{position}.id"] = [
                    "This agent has no such entry. Omit the id to create a new one."
                    if entry_id not in existing
                    else "This entry is listed twice."
                ]
                continue
            kept.add(entry_id)
            entry = existing[entry_id]
        errors |= _clean_entry(entry, data, f"knowledge.{position}")
        if entry_id is None:
            new.append(entry)
    if errors:
        raise invalid(errors)
    hand_made(agent).exclude(id__in=kept).delete()
    for entry_id in kept:
        existing[entry_id].save(update_fields=[*ENTRY_FIELDS, "updated_at"])
    KnowledgeEntry.objects.bulk_create(new)
    for entry in new:
        record(entry, CREATED, {"title": ("", entry.title)})
    for entry in existing.values():
        now = values(entry, ENTRY_FIELDS)
        if entry.id in kept:
            record(entry, CHANGED, {n: (before[entry.id][n], now[n]) for n in ENTRY_FIELDS})
        else:
            record(entry, DELETED, {"title": (entry.title, "")})


def _check_size(wanted: Sequence[EntryData], read: Sequence[str]) -> None:
    """Check the limits. `read`: the texts from sources, which count for all but the first one."""
    if len(wanted) > MAX_ENTRIES:
        raise invalid({"knowledge": [f"An agent can have at most {MAX_ENTRIES} entries."]})
    contents = [*read, *(data.get("content", "") for data in wanted)]
    if sum(map(len, contents)) > MAX_KNOWLEDGE_CHARS:
        raise invalid(
            {
                "knowledge": [
                    f"All entries together can have at most {MAX_KNOWLEDGE_CHARS:,} characters."
                ]
            }
        )
    passages = count_passages(contents)
    if passages > MAX_PASSAGES:
        raise invalid(
            {
                "knowledge": [
                    f"All entries together can have at most {MAX_PASSAGES:,} passages; these have "
                    f"{passages:,}."
                ]
            }
        )


def _clean_entry(entry: KnowledgeEntry, data: EntryData, path: str) -> dict[str, list[str]]:
    """Set the given fields of an entry; return its errors by their path in the request."""
    for name in ENTRY_FIELDS:
        if name in data:
            setattr(entry, name, data[name])  # type: ignore[literal-required]
    try:
        entry.full_clean(exclude=["agent"])
    except ValidationError as error:
        return {f"{path}.{name}": sentences for name, sentences in error.message_dict.items()}
    return {}
