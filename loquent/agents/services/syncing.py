"""The steps of a sync in the database: begin, report progress, apply all of it, or fail."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Length
from django.utils import timezone

from loquent.agents.crawling.decisions import Decisions, decide
from loquent.agents.crawling.results import KnownPage, Outcome, PageResult
from loquent.agents.crawling.scope import page_key
from loquent.agents.knowledge_source import (
    KnowledgeSource,
    PageState,
    SourceFile,
    SourcePage,
    SourceStatus,
)
from loquent.agents.models import TextAgent
from loquent.agents.search.background import in_background
from loquent.agents.services.sources.changes import EVERY, MAX_REASON, apply_decisions

AFTER_FAILURE = timedelta(days=1)
NOTHING = "No page of this site could be read."
READ = frozenset({Outcome.READ, Outcome.SAME})


@dataclass(frozen=True, slots=True)
class Sync:
    """A sync that has begun. `run`: its number; a later one makes it void. `name`: the file's."""

    source_id: uuid.UUID
    run: int
    name: str
    url: str
    organization_id: uuid.UUID
    accepts: bool
    known: Sequence[KnownPage]


def begin_sync(*, source_id: uuid.UUID) -> Sync | None:
    """Mark a source as running and return what its sync needs; None if it was deleted."""
    with transaction.atomic():
        sources = KnowledgeSource.objects.select_for_update(of=("self",))
        source = sources.select_related("agent").filter(id=source_id).first()
        if source is None:
            return None
        source.run += 1
        source.status = SourceStatus.RUNNING
        source.pages_read = source.pages_found = 0
        # Should this sync never end, the weekly job starts another one.
        source.next_sync_at = timezone.now() + AFTER_FAILURE
        source.save(
            update_fields=[
                "run", "status", "pages_read", "pages_found", "next_sync_at", "updated_at",
            ]
        )  # fmt: skip
    return Sync(
        source.id, source.run, source.name, source.url, source.agent.organization_id,
        source.accepts, _known_pages(source.id),
    )  # fmt: skip


def _known_pages(source_id: uuid.UUID) -> list[KnownPage]:
    pages = SourcePage.objects.filter(source=source_id, detached=False).exclude(digest="")
    sized = pages.annotate(size=Sum(Length("entries__content"))).order_by("url")
    return [KnownPage(*row) for row in sized.values_list("url", "digest", "size")]


def report_progress(*, sync: Sync, read: int, found: int) -> bool:
    """Store how far a sync is; return False if another one has replaced it."""
    current = KnowledgeSource.objects.filter(id=sync.source_id, run=sync.run)
    return bool(current.update(pages_read=read, pages_found=found))


def fail_sync(*, sync: Sync, error: str) -> None:
    """Record why a sync ended without a result. The knowledge stays as it is."""
    with transaction.atomic():
        current = KnowledgeSource.objects.filter(id=sync.source_id, run=sync.run)
        is_current = current.update(
            status=SourceStatus.FAILED,
            error=error,
            accepts=False,
            next_sync_at=None if sync.name else timezone.now() + AFTER_FAILURE,
            updated_at=timezone.now(),
        )
        if is_current:
            SourceFile.objects.filter(source=sync.source_id).delete()


def fail_source(args: list[str], reason: str) -> None:
    """Record that a sync which never ended failed. A file stays, so that it can be read again."""
    now = timezone.now()
    for source in KnowledgeSource.objects.select_for_update().filter(
        id=args[0], status__in=[SourceStatus.WAITING, SourceStatus.RUNNING]
    ):
        source.status, source.error, source.accepts = SourceStatus.FAILED, reason, False
        source.next_sync_at = None if source.is_file else now + AFTER_FAILURE
        source.save(update_fields=["status", "error", "accepts", "next_sync_at", "updated_at"])


def file_of(*, sync: Sync) -> bytes | None:
    """Return the content of a file that is being read; None if it is no longer stored."""
    data = SourceFile.objects.filter(source=sync.source_id).values_list("data", flat=True).first()
    return None if data is None else bytes(data)


@in_background()
def apply_sync(*, sync: Sync, results: Mapping[str, PageResult]) -> None:
    """Change the knowledge as the site has changed, in one transaction.

    Changes nothing if no page could be read, or if a person has to confirm removals first.
    """
    with transaction.atomic():
        source = KnowledgeSource.objects.select_for_update().filter(id=sync.source_id).first()
        if source is None or source.run != sync.run:
            return
        # Entries and limits are those of the whole agent.
        TextAgent.objects.select_for_update().get(id=source.agent_id)
        rows = {page_key(row.url): row for row in source.source_pages.all()}
        # A person may have edited entries while the site was read.
        known = [page for page in sync.known if not rows[page_key(page.url)].detached]
        missed = {key: row.missed for key, row in rows.items()}
        decisions = decide(results, known, missed, accepts=sync.accepts, is_replaced=source.is_file)
        reasons = {result.reason for result in results.values()}
        if not any(result.outcome in READ for result in results.values()):
            source.status = SourceStatus.FAILED
            source.error = reasons.pop() if len(reasons) == 1 else NOTHING
        elif decisions.needs_confirmation and not sync.accepts:
            _report_gone(rows, decisions)
            source.status = SourceStatus.NEEDS_CONFIRMATION
            source.error = _question(source, decisions)
        else:
            source.status, source.error = SourceStatus.READY, ""
        if source.status == SourceStatus.READY or not known:
            apply_decisions(source, rows, results, decisions.by_page)
        now = timezone.now()
        source.accepts = False
        source.last_sync_at = now
        source.next_sync_at = None if source.is_file else now + EVERY
        if source.status != SourceStatus.NEEDS_CONFIRMATION:
            SourceFile.objects.filter(source=source).delete()
        source.save(
            update_fields=[
                "status", "error", "accepts", "last_sync_at", "next_sync_at", "updated_at",
            ]
        )  # fmt: skip


def _question(source: KnowledgeSource, decisions: Decisions) -> str:
    otherwise = "upload another version" if source.is_file else "sync again when the site is back"
    return (
        f"{len(decisions.gone)} of {decisions.known} pages are gone. Nothing was changed. Accept "
        f"the removals, or {otherwise}."
    )


def _report_gone(rows: Mapping[str, SourcePage], decisions: Decisions) -> None:
    for key in decisions.gone:
        row = rows[key]
        row.state, row.reason = PageState.FAILED, decisions.by_page[key].reason[:MAX_REASON]
        row.save(update_fields=["state", "reason", "updated_at"])
