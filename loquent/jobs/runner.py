"""Run jobs in this process: asynchronous ones on its event loop, synchronous ones on threads."""

import asyncio
import contextvars
import logging
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from inspect import iscoroutinefunction

from django.db import connections

from loquent.db.threads import in_database
from loquent.jobs.kinds import KINDS
from loquent.jobs.queue import (
    RENEW_SECONDS,
    ClaimedJob,
    claim_jobs,
    enqueue_periodic,
    release_jobs,
    renew_leases,
    settle_job,
)
from loquent.jobs.waking import Stopping, on_wake, set_stopping

logger = logging.getLogger(__name__)

# How soon a worker sees what another process enqueued.
POLL_SECONDS = 0.5
MOST_THREADS = 8
SETTLE_PAUSE_SECONDS = 1.0


@dataclass(slots=True)
class _Running:
    job: ClaimedJob
    task: asyncio.Task[None]


class JobRunner:
    """A worker: claims due jobs, runs them, and renews their leases until they have ended."""

    def __init__(self) -> None:
        self.owner = uuid.uuid4()
        self._loops: list[asyncio.Task[None]] = []
        self._running: dict[uuid.UUID, _Running] = {}
        self._slots: dict[str, datetime] = {}
        self._is_draining = False
        self._end_waking: Callable[[], None] | None = None

    @property
    def is_started(self) -> bool:
        """Return whether this process runs jobs."""
        return bool(self._loops)

    def start(self) -> None:
        """Start to run jobs on the current event loop, unless it does already."""
        if self._loops:
            return
        loop = asyncio.get_running_loop()
        self.owner = uuid.uuid4()
        self._is_draining = False
        set_stopping(False)
        self._wake = asyncio.Event()
        self._threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="loquent-job")

        def wake() -> None:
            loop.call_soon_threadsafe(self._wake.set)

        self._end_waking = on_wake(wake)
        # Not in the context of a request.
        context = contextvars.Context()
        self._loops = [
            loop.create_task(_forever(self._claim), context=context),
            loop.create_task(_forever(self._renew), context=context),
        ]

    async def drain(self, *, grace_seconds: float) -> bool:
        """Claim no more jobs, wait for running ones, and return the rest for other workers to run.

        Return whether all had ended.
        """
        if not self._loops:
            return True
        self._is_draining = True
        set_stopping(True)
        self._wake.set()
        await asyncio.gather(self._loops[0], return_exceptions=True)
        tasks = [running.task for running in self._running.values()]
        pending = set((await asyncio.wait(tasks, timeout=grace_seconds))[1]) if tasks else set()
        for task in pending:
            task.cancel()
        self._loops[1].cancel()
        await asyncio.gather(*pending, self._loops[1], return_exceptions=True)
        try:
            await in_database(release_jobs, owner=self.owner)
        except Exception as error:  # noqa: BLE001 - the leases expire by themselves
            logger.warning("Jobs could not be handed over: %s", type(error).__name__)
        if self._end_waking:
            self._end_waking()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._loops = []
        self._running.clear()
        return not pending

    async def _claim(self) -> bool:
        """Claim jobs and start them; then wait for a reason to look again."""
        if self._is_draining:
            return False
        self._wake.clear()
        try:
            claimed = await in_database(self._look, self._room(), list(self._running))
            for job in claimed:
                task = asyncio.create_task(self._run(job), name=f"job {job.kind}")
                self._running[job.id] = _Running(job, task)
        finally:
            await self._pause()
        return True

    def _look(self, room: dict[str, int], running: list[uuid.UUID]) -> list[ClaimedJob]:
        enqueue_periodic(self._slots)
        return claim_jobs(owner=self.owner, room=room, running=running)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return

    def _room(self) -> dict[str, int]:
        busy = Counter(running.job.kind for running in self._running.values())
        return {kind: task.places - busy[kind] for kind, task in KINDS.items()}

    async def _renew(self) -> bool:
        """Renew the leases; cancel jobs that another worker has claimed in the meantime."""
        await asyncio.sleep(RENEW_SECONDS)
        ids = list(self._running)
        if ids:
            mine = await in_database(renew_leases, owner=self.owner, job_ids=ids)
            for job_id in set(ids) - mine:
                running = self._running.get(job_id)
                if running is not None:
                    logger.warning("The lease of a job of kind %s was lost.", running.job.kind)
                    running.task.cancel()
        return True

    async def _run(self, job: ClaimedJob) -> None:
        error: BaseException | None = None
        try:
            await self._call(job)
        except Stopping:
            # `drain` returns it to the queue; until then, its lease is renewed.
            return
        except asyncio.CancelledError:
            self._forget(job)
            raise
        except Exception as failure:  # noqa: BLE001 - a job may raise anything
            error = failure
        try:
            await self._settle(job, error)
        finally:
            self._forget(job)

    async def _call(self, job: ClaimedJob) -> None:
        task = KINDS[job.kind]
        if iscoroutinefunction(task.func):
            async with asyncio.timeout(task.timeout):
                await task.func(*job.args)
            return

        def call() -> None:
            try:
                task.func(*job.args)
            finally:
                # Jobs are rare: release the connection in between.
                connections.close_all()

        run = contextvars.copy_context().run
        await asyncio.get_running_loop().run_in_executor(self._threads, run, call)

    async def _settle(self, job: ClaimedJob, error: BaseException | None) -> None:
        """Record how the job ended; while the database is away, try again, or it runs twice."""
        while True:
            try:
                state = await in_database(settle_job, job, error)
            except Exception as failure:  # noqa: BLE001 - whatever ails the database
                logger.warning("A job's end could not be recorded: %s", type(failure).__name__)
                await asyncio.sleep(SETTLE_PAUSE_SECONDS)
            else:
                break
        if error is not None:
            what = "will be retried" if state == "waiting" else "has failed"
            logger.warning("A job of kind %s %s (%s).", job.kind, what, type(error).__name__)

    def _forget(self, job: ClaimedJob) -> None:
        self._running.pop(job.id, None)
        self._wake.set()


async def _forever(step: Callable[[], Awaitable[bool]]) -> None:
    """Repeat a step until it returns False. A step that fails is tried again, and logged once."""
    failed = ""
    while True:
        try:
            if not await step():
                return
            failed = ""
        except Exception as error:  # noqa: BLE001 - the database may be away
            if failed != type(error).__name__:
                failed = type(error).__name__
                logger.warning("Background jobs are interrupted (%s).", failed)


job_runner = JobRunner()
