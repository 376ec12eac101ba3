"""Change the entries of a source's pages, and undo that."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Model, Sum
from django.db.models.functions import Length
from django.utils import timezone

from loquent.agents.crawling.decisions import KEPT, Decision
from loquent.agents.crawling.results import PageResult
from loquent.agents.importing.reading import MAX_KNOWLEDGE_CHARS, MAX_PASSAGES
from loquent.agents.knowledge_source import KnowledgeSource, PageState, SourcePage
from loquent.agents.models import KnowledgeEntry
from loquent.agents.search.passages import SHORTEST, count_passages
from loquent.organizations.audit import CHANGED, record

# How often websites are read.
EVERY = timedelta(days=7)
AT_ONCE = 200
MAX_REASON = 500
FULL = (
    f"The assistant's knowledge is full: {MAX_KNOWLEDGE_CHARS:,} characters and {MAX_PASSAGES:,} "
    "passages."
)
DETACHED = "Its text was edited or deleted here, so it is no longer read from the site."
UNDONE = "The last sync was undone."
FIELDS = ("title", "content", "url")

Texts = list[dict[str, Any]]


def apply_decisions(
    source: KnowledgeSource,
    rows: Mapping[str, SourcePage],
    results: Mapping[str, PageResult],
    decisions: Mapping[str, Decision],
) -> None:
    """Change pages and entries as decided, in the caller's transaction; keep what undoes it."""
    touched = [
        rows[key].id
        for key, decision in decisions.items()
        if key in rows and decision.change in {"changed", "removed"}
    ]
    entries = entries_of(touched)
    room = _Room(source)
    new: list[SourcePage] = []
    wanted: list[tuple[SourcePage, Texts]] = []
    source.source_pages.update(before=None)
    for key, given in decisions.items():
        row = rows.get(key)
        if row is None:
            row = SourcePage(source=source, url=results[key].url)
            new.append(row)
        row.before = None
        decision = Decision("skipped", DETACHED) if row.detached else given
        if decision.change in {"added", "changed", "removed"}:
            texts = _texts(results[key]) if decision.change != "removed" else []
            old = entries.get(row.id, [])
            if room.takes([entry.content for entry in old], [text["content"] for text in texts]):
                row.before = snapshot(row, old)
                row.digest = results[key].digest if texts else ""
                wanted.append((row, texts))
            else:
                decision = Decision("skipped", f"{FULL} {KEPT}" if old else FULL, row.missed)
        row.state, row.reason = PageState(decision.change), decision.reason[:MAX_REASON]
        row.missed = decision.missed
    # What was no page of the knowledge, and is no longer found, leaves the report.
    old_rows = [row.id for key, row in rows.items() if key not in decisions and not row.detached]
    SourcePage.objects.filter(id__in=old_rows).delete()
    SourcePage.objects.bulk_create(new, batch_size=AT_ONCE)
    save_pages([row for key, row in rows.items() if key in decisions])
    write_entries(source, entries, wanted)
    _log(source, [row.state for row, _ in wanted])


def undo_changes(source: KnowledgeSource) -> None:
    """Restore what the last sync replaced, in the caller's transaction."""
    rows = list(source.source_pages.exclude(before=None))
    wanted: list[tuple[SourcePage, Texts]] = []
    for row in rows:
        before: dict[str, Any] = row.before or {}
        # An edited page belongs to the person who edited it.
        if not row.detached:
            wanted.append((row, before["entries"]))
            row.digest, row.missed = before["digest"], before["missed"]
            row.state = PageState.SAME if before["entries"] else PageState.SKIPPED
            row.reason = UNDONE
        row.before = None
    entries = entries_of([row.id for row in rows])
    save_pages(rows)
    write_entries(source, entries, wanted)
    record(source.agent, CHANGED, {"knowledge": (source.label, UNDONE)})


def entries_of(page_ids: Iterable[Any]) -> dict[Any, list[KnowledgeEntry]]:
    """Return the entries of pages, by the pages' ids."""
    found: dict[Any, list[KnowledgeEntry]] = {}
    rows = KnowledgeEntry.objects.filter(page_id__in=list(page_ids))
    for entry in rows.order_by("created_at", "id"):
        found.setdefault(entry.page_id, []).append(entry)
    return found


def snapshot(row: SourcePage, entries: Sequence[KnowledgeEntry]) -> dict[str, Any]:
    """Return what restores a page."""
    return {
        "digest": row.digest,
        "missed": row.missed,
        "entries": [
            {"id": str(entry.id), **{name: getattr(entry, name) for name in FIELDS}}
            for entry in entries
        ],
    }


def save_pages(rows: Sequence[SourcePage]) -> None:
    """Save what a sync changes of pages."""
    for row in rows:
        row.updated_at = timezone.now()
    names = ["digest", "missed", "state", "reason", "before", "updated_at"]
    _update(SourcePage, rows, names)


def write_entries(
    source: KnowledgeSource,
    entries: Mapping[Any, list[KnowledgeEntry]],
    wanted: Sequence[tuple[SourcePage, Texts]],
) -> None:
    """Give each page exactly these texts.

    An entry keeps its id if it is named, or else by its place: test questions refer to it.
    """
    new: list[KnowledgeEntry] = []
    changed: list[KnowledgeEntry] = []
    unused: list[Any] = []
    for row, texts in wanted:
        current = entries.get(row.id, [])
        left = {str(entry.id): entry for entry in current}
        for place, text in enumerate(texts):
            named = text.get("id")
            fallback = str(current[place].id) if place < len(current) and named is None else ""
            entry = left.pop(named or fallback, None)
            if entry is None:
                entry = KnowledgeEntry(agent_id=source.agent_id, page=row)
                if named:
                    entry.id = named
                new.append(entry)
            else:
                entry.updated_at = timezone.now()
                changed.append(entry)
            for name in FIELDS:
                setattr(entry, name, text[name])
        unused += [entry.id for entry in left.values()]
    KnowledgeEntry.objects.filter(id__in=unused).delete()
    KnowledgeEntry.objects.bulk_create(new, batch_size=AT_ONCE)
    _update(KnowledgeEntry, changed, [*FIELDS, "updated_at"])


def _update(model: type[Model], rows: Sequence[Model], names: Sequence[str]) -> None:
    """Save these fields of rows that the caller has locked.

    `bulk_update` would take ten times as long, seconds for a large site, and nothing else can be
    written to SQLite in the meantime.
    """
    model._default_manager.bulk_create(
        rows, batch_size=AT_ONCE, update_conflicts=True, unique_fields=["id"], update_fields=names
    )


class _Room:
    """How much more the agent's knowledge can hold."""

    def __init__(self, source: KnowledgeSource) -> None:
        self._entries = KnowledgeEntry.objects.filter(agent=source.agent_id).order_by()
        self._size: int = self._entries.aggregate(size=Sum(Length("content")))["size"] or 0
        # At most; all texts are split only if they could have too many passages.
        self._passages = self._entries.count() + self._size // SHORTEST
        self._more = 0
        self._is_exact = False

    def takes(self, old: Sequence[str], new: Sequence[str]) -> bool:
        """Return whether texts can replace others, and count them if so."""
        size = self._size + sum(map(len, new)) - sum(map(len, old))
        more = self._more + count_passages(new) - count_passages(old)
        if self._passages + more > MAX_PASSAGES and not self._is_exact:
            texts = self._entries.values_list("content", flat=True)
            self._passages, self._is_exact = count_passages(texts.iterator()), True
        if new and (size > MAX_KNOWLEDGE_CHARS or self._passages + more > MAX_PASSAGES):
            return False
        self._size, self._more = size, more
        return True


def _texts(result: PageResult) -> Texts:
    links = [draft.url if result.has_own_links else result.url for draft in result.drafts]
    return [
        {"title": draft.title, "content": draft.content, "url": link}
        for draft, link in zip(result.drafts, links, strict=True)
    ]


def _log(source: KnowledgeSource, states: Sequence[str]) -> None:
    counts = {state: states.count(state) for state in ("added", "changed", "removed")}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    if told:
        # One line, not one for each entry: a log of hundreds would hide what else was done.
        record(source.agent, CHANGED, {"knowledge": (source.label, f"{told} by a sync")})
