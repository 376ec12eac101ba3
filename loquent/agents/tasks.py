"""The jobs that read websites and files into agents' knowledge."""

import asyncio
from datetime import timedelta
from functools import partial
from uuid import UUID

from django_tasks import task

from loquent.agents.crawling.crawl import SECONDS, Crawl
from loquent.agents.crawling.file_reading import MISSING, FileReading
from loquent.agents.crawling.file_reading import SECONDS as FILE_SECONDS
from loquent.agents.crawling.results import CrawlError
from loquent.agents.importing.sandbox import BusyError
from loquent.agents.services.sources import (
    FILE_KIND,
    KIND,
    addresses_of,
    egress_rules,
    enqueue_due_syncs,
)
from loquent.agents.services.sources.meanings import language_for_vectors, prepare_vectors
from loquent.agents.services.syncing import (
    Sync,
    apply_sync,
    begin_sync,
    fail_source,
    fail_sync,
    file_of,
    report_progress,
)
from loquent.db.threads import in_database
from loquent.jobs.kinds import GiveUp
from loquent.jobs.waking import Stopping, check_stopping

# Per worker.
PLACES = 4
UNEXPECTED = "The sync failed for an unexpected reason. The server's log has the details."


class _Superseded(Exception):  # noqa: N818 - no error
    """A newer sync of the source has begun, or the source was deleted."""


@task(
    kind=KIND,
    title="Read a website",
    retry_seconds=(),
    at_once=1,
    places=PLACES,
    timeout=SECONDS + 900,
    describe=addresses_of,
    on_failure=fail_source,
)
async def sync_source_job(source_id: str) -> None:
    """Read a source and apply what has changed.

    If the worker dies, another one starts again from the first page: until all pages are read,
    nothing is changed.
    """
    await _sync(source_id)


@task(
    kind=FILE_KIND,
    title="Read a file",
    retry_seconds=(),
    at_once=1,
    places=PLACES,
    timeout=FILE_SECONDS + 900,
    describe=addresses_of,
    on_failure=fail_source,
)
async def read_file_job(source_id: str) -> None:
    """Read a file that was uploaded, as `sync_source_job` reads a website."""
    await _sync(source_id)


async def _sync(source_id: str) -> None:
    sync = await in_database(begin_sync, source_id=UUID(source_id))
    if sync is None:
        return
    try:
        await _read(sync)
    except Stopping:
        raise
    except _Superseded:
        return
    except (CrawlError, BusyError) as error:
        await in_database(fail_sync, sync=sync, error=str(error))
    except Exception as error:
        await in_database(fail_sync, sync=sync, error=UNEXPECTED)
        raise GiveUp(UNEXPECTED) from error


async def _read(sync: Sync) -> None:
    async def on_progress(read: int, found: int) -> None:
        check_stopping()
        if not await in_database(report_progress, sync=sync, read=read, found=found):
            raise _Superseded

    key = str(sync.organization_id)
    if sync.name:
        data = await in_database(file_of, sync=sync)
        if data is None:
            raise CrawlError(MISSING)
        reading = FileReading(sync.name, data, url=sync.url, key=key, known=sync.known)
        results = await reading.run(on_progress)
    else:
        crawl = Crawl(sync.url, rules=egress_rules(), key=key, known=sync.known)
        results = await crawl.run(on_progress, any_host=sync.accepts)
    language = await in_database(language_for_vectors, source_id=sync.source_id)
    if language is not None:
        prepare = partial(prepare_vectors, results=results, language=language)
        await asyncio.to_thread(prepare, check=check_stopping)
    await in_database(apply_sync, sync=sync, results=results)


@task(
    kind="sync_sources",
    title="Start weekly syncs of websites",
    every=timedelta(hours=1),
    at=timedelta(minutes=23),
)
def sync_sources_job() -> None:
    """Start the syncs that are due."""
    enqueue_due_syncs()
