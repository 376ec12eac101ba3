"""Add, sync, undo and delete the websites and files that an agent's knowledge is read from."""

import uuid
from collections.abc import Iterable

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from loquent.agents.crawling.crawl import Crawl
from loquent.agents.crawling.results import CrawlError, Preview
from loquent.agents.importing.sandbox import BusyError
from loquent.agents.knowledge_source import KnowledgeSource, SourceFile, SourcePage, SourceStatus
from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.agents.services.sources.changes import EVERY, undo_changes
from loquent.egress.urls import EgressRules, UnsafeUrlError, check_url
from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.jobs.backend import NewJob, enqueue_jobs
from loquent.jobs.kinds import KINDS
from loquent.jobs.models import Job, JobState

KIND = "sync_source"
FILE_KIND = "read_file"
MAX_SOURCES = 20


def egress_rules() -> EgressRules:
    """Return where sources may lead to."""
    return EgressRules(
        networks=settings.SOURCES_ALLOWED_NETWORKS, allow_http=settings.SOURCES_ALLOW_HTTP
    )


def with_counts(sources: QuerySet[KnowledgeSource]) -> QuerySet[KnowledgeSource]:
    """Add to each source the number of `pages` in the knowledge, and `can_undo`."""
    return sources.annotate(
        pages=Count("source_pages", filter=~Q(source_pages__digest="")),
        can_undo=Exists(SourcePage.objects.filter(source=OuterRef("pk")).exclude(before=None)),
    )


def check_address(url: str) -> None:
    """Raise `invalid` unless a source may have this address."""
    try:
        check_url(url, egress_rules())
    except UnsafeUrlError as error:
        raise invalid({"url": [str(error)]}) from None


def preview_source(*, url: str, organization_id: uuid.UUID) -> Preview:
    """Return what a sync would read; raise `invalid` with the reason if that is nothing."""
    check_address(url)
    crawl = Crawl(url, rules=egress_rules(), key=str(organization_id))
    try:
        return async_to_sync(crawl.preview)()
    except (CrawlError, BusyError) as error:
        raise invalid({"url": [str(error)]}) from None


def create_source(*, agent: TextAgent, url: str) -> KnowledgeSource:
    """Add a website and start to read it; raise `invalid`, or `conflict` if there are many."""
    check_address(url)
    source = KnowledgeSource(agent=agent, url=url)
    clean_source(source)
    with transaction.atomic():
        others = lock_sources(agent)
        if others.filter(url=url, kind=KnowledgeSource.Kind.WEBSITE).exists():
            raise ApplicationError(ErrorCode.CONFLICT, "This assistant already has this source.")
        insert_source(source, others)
    return source


def clean_source(source: KnowledgeSource) -> None:
    """Raise `invalid` that names the fields if a source is not complete."""
    try:
        source.full_clean(exclude=["agent"])
    except ValidationError as error:
        raise invalid(error.message_dict) from None


def lock_sources(agent: TextAgent) -> QuerySet[KnowledgeSource]:
    """Return an agent's sources, to which no other request adds one in this transaction."""
    TextAgent.objects.select_for_update().get(id=agent.id)
    return KnowledgeSource.objects.filter(agent=agent)


def insert_source(source: KnowledgeSource, others: QuerySet[KnowledgeSource]) -> None:
    """Save a new source and start to read it; raise `conflict` if there are many others."""
    if others.count() >= MAX_SOURCES:
        sentence = f"An assistant can have at most {MAX_SOURCES} sources."
        raise ApplicationError(ErrorCode.CONFLICT, sentence)
    source.save(force_insert=True)
    _enqueue(source)


def sync_source(*, source: KnowledgeSource, accept_removals: bool = False) -> None:
    """Start to read a source again, unless it is being read; raise `not_found`.

    `accept_removals`: pages that are gone are removed, however many they are. Raises `conflict` if
    a sync without that is running.
    """
    with transaction.atomic():
        current = locked_source(source)
        if is_busy(current):
            if accept_removals and not current.accepts:
                raise ApplicationError(
                    ErrorCode.CONFLICT, "A sync is running. Try again when it has ended."
                )
            return
        if current.is_file and not SourceFile.objects.filter(source=current).exists():
            raise ApplicationError(
                ErrorCode.CONFLICT,
                "To read this file again, upload it again, or upload a new version.",
            )
        restart(current, accept_removals=accept_removals)


def restart(source: KnowledgeSource, *, accept_removals: bool = False) -> None:
    """Start to read a locked source that is not being read; replaces jobs of it that failed."""
    _jobs_of(source).filter(state=JobState.FAILED).delete()
    source.accepts = accept_removals
    source.status = SourceStatus.WAITING
    source.pages_read = source.pages_found = 0
    names = ["url", "accepts", "status", "pages_read", "pages_found", "updated_at"]
    source.save(update_fields=names)
    _enqueue(source)


def undo_sync(*, source: KnowledgeSource) -> None:
    """Restore the knowledge from before the last sync; raise `conflict` if that is impossible."""
    with transaction.atomic():
        current = locked_source(source)
        if is_busy(current):
            raise ApplicationError(
                ErrorCode.CONFLICT, "A sync is running. Try again when it has ended."
            )
        if not current.source_pages.exclude(before=None).exists():
            raise ApplicationError(ErrorCode.CONFLICT, "The last sync changed nothing.")
        TextAgent.objects.select_for_update().get(id=current.agent_id)
        undo_changes(current)
        # Time to repair the site, before the same is read again.
        current.status, current.error = SourceStatus.READY, ""
        current.next_sync_at = None if current.is_file else timezone.now() + EVERY
        current.save(update_fields=["status", "error", "next_sync_at", "updated_at"])


def delete_source(*, source: KnowledgeSource) -> None:
    """Delete a source with its entries. Entries that staff edited are kept."""
    with transaction.atomic():
        TextAgent.objects.select_for_update().filter(id=source.agent_id).first()
        source.delete()


def entries_of_source(source: KnowledgeSource) -> QuerySet[KnowledgeEntry]:
    """Return the entries that were read from a source."""
    return KnowledgeEntry.objects.filter(page__source=source).order_by("created_at", "id")


def enqueue_due_syncs() -> None:
    """Start the weekly syncs that are due, and those that a crash left behind."""
    due = KnowledgeSource.objects.filter(next_sync_at__lte=timezone.now())
    for source in due.order_by("next_sync_at"):
        sync_source(source=source)


def addresses_of(source_ids: Iterable[str]) -> dict[str, str]:
    """Return the addresses or file names of sources, for the list of jobs."""
    rows = KnowledgeSource.objects.filter(id__in=list(source_ids))
    return {str(row.id): row.label for row in rows.only("name", "url")}


def locked_source(source: KnowledgeSource) -> KnowledgeSource:
    """Return a source that no other request changes in this transaction; raise `not_found`."""
    current = KnowledgeSource.objects.select_for_update(of=("self",))
    found = current.select_related("agent").filter(id=source.id).first()
    if found is None:
        raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such source.")
    return found


def is_busy(source: KnowledgeSource) -> bool:
    """Return whether a source is being read, or will be at once."""
    live = [JobState.WAITING, JobState.RUNNING]
    return _jobs_of(source).filter(state__in=live).exists()


def _jobs_of(source: KnowledgeSource) -> QuerySet[Job]:
    return Job.objects.filter(kind=_kind_of(source), args=[str(source.id)])


def _enqueue(source: KnowledgeSource) -> None:
    organization_id = source.agent.organization_id
    # One source of an organization at a time, so that it delays no other one's.
    job = NewJob(args=(source.id,), organization_id=organization_id, group=str(organization_id))
    enqueue_jobs(KINDS[_kind_of(source)], [job])


def _kind_of(source: KnowledgeSource) -> str:
    # A website may take hours; a file doesn't wait for it.
    return FILE_KIND if source.is_file else KIND
