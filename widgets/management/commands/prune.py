"""`manage.py prune [--dry-run] [--batch N]`: delete data past its retention period."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from widgets.services.retention import Pruned, count_prunable, prune


class Command(BaseCommand):
    help = (
        "Delete conversations past their organization's retention period, sessions without "
        "messages, old daily counts, stored responses of Idempotency-Keys, old audit log entries, "
        "invitations that were not accepted, expired staff sessions, networks without a login for "
        "90 days, old records of background jobs, mail and webhooks, and vectors of deleted "
        "knowledge. A background job does the same every night. Safe to run while the server runs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count, and delete nothing")
        parser.add_argument(
            "--batch", type=int, default=200, help="conversations per transaction (200)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] < 1:
            raise CommandError("--batch must be 1 or more.")
        now = timezone.now()
        found = count_prunable(now=now)
        if options["dry_run"]:
            self.stdout.write(f"Would delete {sentence(found)}.")
            return
        on_terminal = sys.stderr.isatty()
        with tqdm(total=found.steps, unit="row", disable=not on_terminal, leave=False) as bar:
            pruned = prune(now=now, batch=options["batch"], progress=bar.update)
        self.stdout.write(f"Deleted {sentence(pruned)}.")


def sentence(pruned: Pruned) -> str:
    """Return a sentence with the deleted amounts."""
    # Left out if zero, because scripts may rely on the older sentence without these.
    sessions = f", {pruned.staff_sessions} staff sessions" if pruned.staff_sessions else ""
    networks = f", {pruned.networks} known networks" if pruned.networks else ""
    jobs = f", {pruned.jobs} background jobs" if pruned.jobs else ""
    mail = f", {pruned.mail} records of mail" if pruned.mail else ""
    events = f", {pruned.events} events of webhooks" if pruned.events else ""
    closed = f", {pruned.closed_questions} closed questions" if pruned.closed_questions else ""
    vectors = f", {pruned.vectors} vectors without a passage" if pruned.vectors else ""
    return (
        f"{pruned.conversations} conversations with {pruned.messages} messages, "
        f"{pruned.empty_sessions} empty sessions, {pruned.usage} daily counts, "
        f"{pruned.answers} answers of the REST API, "
        f"{pruned.audit_entries} lines of the audit log, {pruned.invitations} invitations"
        f"{sessions}{networks}{jobs}{mail}{events}{closed}{vectors}"
    )
