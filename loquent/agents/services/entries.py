"""Edit an agent's knowledge: single entries, and imports from files."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.utils import timezone

from loquent.agents.importing.reading import (
    FULL,
    MAX_CONTENT,
    MAX_ENTRIES,
    MAX_KNOWLEDGE_CHARS,
    MAX_PASSAGES,
    Draft,
    LeftOut,
    same,
)
from loquent.agents.knowledge_source import SourcePage
from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.agents.search.passages import SHORTEST, count_passages
from loquent.agents.services.agents import ENTRY_FIELDS, EntryData
from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.organizations.audit import CHANGED, CREATED, DELETED, record, values


@dataclass(slots=True)
class ImportReport(LeftOut):
    """The result of an import: how many entries were added, and what was skipped."""

    added: int = 0


def list_entries(*, agent: TextAgent) -> QuerySet[KnowledgeEntry]:
    """Return the entries without their content, each with its `size` in characters."""
    return (
        KnowledgeEntry.objects.filter(agent=agent)
        .defer("content")
        .select_related("page__source")
        .annotate(size=Length("content"))
        .order_by("title", "created_at")
    )


def save_entry(
    *,
    agent: TextAgent,
    data: EntryData,
    entry_id: uuid.UUID | None = None,
    expected_version: datetime | None = None,
) -> KnowledgeEntry:
    """Update an entry, or create one if no id is given.

    An entry of a source becomes hand-made: syncs no longer change its page's entries.
    Raises `invalid` that names the fields, `not_found`, and `conflict` if the entry has changed
    since `expected_version` (its `updated_at`).
    """
    with transaction.atomic():
        _lock(agent)
        if entry_id is None:
            entry = KnowledgeEntry(agent=agent)
        else:
            found = KnowledgeEntry.objects.filter(agent=agent, id=entry_id).first()
            if found is None:
                raise ApplicationError(ErrorCode.NOT_FOUND, "This entry no longer exists.")
            if expected_version is not None and found.updated_at != expected_version:
                raise ApplicationError(
                    ErrorCode.CONFLICT,
                    "Someone else changed this entry while you were editing it. Copy your text, "
                    "then open the entry again.",
                )
            entry = found
        before = values(entry, ENTRY_FIELDS)
        _assign(entry, data)
        _detach(entry)
        _check_room(agent, [entry])
        entry.save()
        if entry_id is None:
            record(entry, CREATED, {"title": ("", entry.title)})
        else:
            record(entry, CHANGED, {n: (before[n], getattr(entry, n)) for n in ENTRY_FIELDS})
        _touch(agent)
    return entry


def delete_entry(*, agent: TextAgent, entry_id: uuid.UUID) -> None:
    """Delete an entry; one that is gone already is fine.

    If it came from a source, the page's other entries become hand-made.
    """
    with transaction.atomic():
        _lock(agent)
        entry = KnowledgeEntry.objects.filter(agent=agent, id=entry_id).first()
        if entry is None:
            return
        record(entry, DELETED, {"title": (entry.title, "")})
        _detach(entry)
        entry.delete()
        _touch(agent)


def import_entries(*, agent: TextAgent, drafts: Sequence[Draft]) -> ImportReport:
    """Add the drafts that are new; each becomes an entry or is skipped with its reason."""
    report = ImportReport()
    new: list[KnowledgeEntry] = []
    with transaction.atomic():
        _lock(agent)
        entries = KnowledgeEntry.objects.filter(agent=agent)
        rows = entries.values_list("content", flat=True)
        known = {same(content) for content in rows}
        count = entries.filter(page=None).count()
        size, passages = sum(map(len, rows)), count_passages(rows)
        for draft in drafts:
            entry = KnowledgeEntry(agent=agent)
            if same(draft.content) in known:
                report.skip(draft.title, "The same text is already in the knowledge.")
                continue
            more = count_passages([draft.content])
            if (
                count >= MAX_ENTRIES
                or size + len(draft.content) > MAX_KNOWLEDGE_CHARS
                or passages + more > MAX_PASSAGES
            ):
                report.skip(draft.title, FULL)
                continue
            data: EntryData = {
                "title": draft.title, "content": draft.content, "url": draft.url,
            }  # fmt: skip
            try:
                _assign(entry, data)
            except ApplicationError as error:
                report.skip(draft.title, error.message)
                continue
            known.add(same(draft.content))
            count, size, passages = count + 1, size + len(draft.content), passages + more
            new.append(entry)
        KnowledgeEntry.objects.bulk_create(new)
        if new:
            # One line, not one for each entry: a log of hundreds would hide what else was done.
            change = (_entries(count - len(new)), f"{_entries(count)}, {len(new)} of them imported")
            record(agent, CHANGED, {"knowledge": change})
            _touch(agent)
    report.added = len(new)
    return report


def _entries(count: int) -> str:
    return f"{count} entr{'y' if count == 1 else 'ies'}"


def _detach(entry: KnowledgeEntry) -> None:
    """Make all entries of the page hand-made, so that no sync overwrites what a person wrote."""
    if entry.page_id is None:
        return
    SourcePage.objects.filter(id=entry.page_id).update(detached=True, digest="", before=None)
    KnowledgeEntry.objects.filter(page=entry.page_id).update(page=None)
    entry.page = None


def _lock(agent: TextAgent) -> None:
    if TextAgent.objects.select_for_update().filter(id=agent.id).first() is None:
        raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such text agent.")


def _touch(agent: TextAgent) -> None:
    """Change `updated_at`: it is part of the version by which processes cache the knowledge."""
    TextAgent.objects.filter(id=agent.id).update(updated_at=timezone.now())


def _assign(entry: KnowledgeEntry, data: EntryData) -> None:
    for name in ENTRY_FIELDS:
        if name in data:
            setattr(entry, name, data[name])  # type: ignore[literal-required]
    # A TextField's own limit holds in forms alone.
    if len(entry.content) > MAX_CONTENT:
        raise invalid({"content": [f"An entry can have at most {MAX_CONTENT:,} characters."]})
    try:
        # Its id alone is unique, and random: no need to ask the database, for each of an import.
        entry.full_clean(exclude=["agent"], validate_unique=False)
    except ValidationError as error:
        raise invalid(error.message_dict) from None


def _check_room(agent: TextAgent, entries: Sequence[KnowledgeEntry]) -> None:
    others = KnowledgeEntry.objects.filter(agent=agent).exclude(id__in=[e.id for e in entries])
    sizes = list(others.annotate(size=Length("content")).values_list("size", flat=True))
    total = sum(sizes) + sum(len(entry.content) for entry in entries)
    count = len(sizes) + len(entries)
    if others.filter(page=None).count() + len(entries) > MAX_ENTRIES or total > MAX_KNOWLEDGE_CHARS:
        raise invalid({"content": [FULL]})
    # All texts are read only if they could have so many passages.
    if count + total // SHORTEST > MAX_PASSAGES:
        contents = [*others.values_list("content", flat=True), *(e.content for e in entries)]
        if count_passages(contents) > MAX_PASSAGES:
            raise invalid({"content": [FULL]})
