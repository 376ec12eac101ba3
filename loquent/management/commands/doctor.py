"""`manage.py doctor`: check a deployment, and say how to fix what it finds."""

import asyncio
import json
import sys
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from loquent.management.doctor.configuration import check_machine, check_settings
from loquent.management.doctor.findings import Finding, Findings, Level
from loquent.management.doctor.jobs import check_jobs
from loquent.management.doctor.model import check_models
from loquent.management.doctor.outside import check_outside
from loquent.management.doctor.stores import check_database, check_redis

CHECKS: tuple[Callable[[], Findings], ...] = (
    check_settings, check_machine, check_database, check_jobs, check_redis, check_models,
)  # fmt: skip


class Command(BaseCommand):
    help = (
        "Check the deployment from inside and from outside. The exit status is 1 if a check fails."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--inside", action="store_true", help="skip the checks that go through SITE_URL"
        )
        # Accepted without effect, because scripts written for earlier versions pass it.
        parser.add_argument("--idle", type=int, help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        findings = []
        for finding in self._look(inside=options["inside"]):
            findings.append(finding)
            if not options["json"]:
                self._say(finding)
        failed = any(finding.level is Level.FAIL for finding in findings)
        if options["json"]:
            body = {"ok": not failed, "findings": [asdict(finding) for finding in findings]}
            self.stdout.write(json.dumps(body, indent=2))
        if failed:
            sys.exit(1)

    def _look(self, *, inside: bool) -> Iterator[Finding]:
        for check in CHECKS:
            yield from check()
        if not inside:
            yield from asyncio.run(check_outside())

    def _say(self, finding: Finding) -> None:
        self.stdout.write(f"{finding.level:<4}  {finding.id:<20}  {finding.message}")
        if finding.mend:
            self.stdout.write(f"{'':28}→ {finding.mend}")
