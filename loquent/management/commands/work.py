"""`manage.py work`: run background jobs until SIGTERM."""

import asyncio
import logging
import os
import signal
from argparse import ArgumentParser
from typing import Any

import uvloop
from django.core.management.base import BaseCommand

from loquent.jobs.runner import job_runner
from loquent.priority import lower_this_process

logger = logging.getLogger(__name__)
GRACE_SECONDS = 25
# Jobs can wait; the processes that answer visitors get the CPU first.
NICENESS = 10


class Command(BaseCommand):
    help = "Run background jobs: mail, deletion of old data, and everything else that waits."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--grace",
            type=float,
            default=GRACE_SECONDS,
            help=f"seconds that running jobs get after SIGTERM ({GRACE_SECONDS})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        lower_this_process(NICENESS)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            has_ended = runner.run(work(grace_seconds=options["grace"]))
        if not has_ended:
            # A thread can't be cancelled. Its job has been returned to the queue.
            logging.shutdown()
            os._exit(0)


async def work(*, grace_seconds: float) -> bool:
    """Run jobs until a signal; return whether all had ended by then. A second signal ends it."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()

    def stop() -> None:
        told.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    job_runner.start()
    logger.info("Running background jobs.")
    await told.wait()
    return await job_runner.drain(grace_seconds=grace_seconds)
