"""`manage.py serve --host H --port P [--workers N]`: the production server."""

import ipaddress
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from loquent.server.run import serve


class Command(BaseCommand):
    help = "Serve the site, its REST API and the visitors' sockets."
    # `handle` runs the checks itself, once it knows the number of workers.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--workers",
            type=int,
            default=settings.WORKERS,
            help="processes; more than one needs PostgreSQL and Redis",
        )
        parser.add_argument(
            "--debug-on-network",
            action="store_true",
            help="serve with DEBUG=1 on an address that other machines can reach",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        workers = options["workers"]
        if workers < 1:
            raise CommandError("--workers must be 1 or more.")
        settings.WORKERS = workers
        host, port = options["host"], options["port"]
        if settings.DEBUG and not options["debug_on_network"] and not is_loopback(host):
            raise CommandError(
                f"DEBUG=1 on {host} would show error pages with settings and source code to the "
                "network. Set DEBUG=0, or serve on 127.0.0.1. To serve anyway, add "
                "--debug-on-network."
            )
        self._check()
        self._check_migrations()
        try:
            serve(host=host, port=port, workers=workers)
        except OSError as error:
            raise CommandError(
                f"{host}:{port} can't be listened on: {error.strerror}. Choose another --port."
            ) from None

    def _check(self) -> None:
        issues = [issue for issue in run_checks() if not issue.is_silenced()]
        for issue in issues:
            self.stderr.write(str(issue))
        if any(issue.level >= ERROR for issue in issues):
            raise CommandError("The settings have errors (above). Nothing was started.")

    def _check_migrations(self) -> None:
        try:
            executor = MigrationExecutor(connection)
            missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except OperationalError as error:
            raise CommandError(f"The database doesn't answer: {type(error).__name__}.") from None
        if missing:
            raise CommandError("Migrations are missing. Run `manage.py migrate` first.")
        connection.close()


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches the address; of names, only localhost counts."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
