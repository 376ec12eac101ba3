"""`manage.py with_database PROGRAM …`: run a PostgreSQL client program on the database."""

import argparse
import os
from typing import Any

import dj_database_url
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from psycopg.pq import Conninfo

NAMES = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "NAME": "dbname"}


class Command(BaseCommand):
    help = (
        "Run pg_dump, psql or another program with DATABASE_URL in the variables that it reads, "
        "such as PGHOST and PGPASSWORD. Other users of the machine could see a password on the "
        "command line."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("program", nargs=argparse.REMAINDER, help="and its arguments")

    def handle(self, *args: Any, **options: Any) -> None:
        program: list[str] = options["program"]
        if not program:
            raise CommandError("Name a program, such as pg_dump.")
        if settings.DATABASE_IS_SQLITE:
            raise CommandError("The database is SQLite. Use sqlite3 with its file.")
        try:
            environment = os.environ | libpq_variables(settings.DATABASE_URL)
            os.execvpe(program[0], program, environment)  # noqa: S606 - no shell is wanted
        except OSError as error:
            raise CommandError(f"{program[0]} can't be run: {error.strerror}.") from None


def libpq_variables(url: str) -> dict[str, str]:
    """Return the parts of a URL as environment variables for PostgreSQL's programs.

    They accept no complete URL from the environment. Options without a variable, such as
    keepalives, are left out.
    """
    parsed: dict[str, Any] = dict(dj_database_url.parse(url))
    given = {keyword: parsed[name] for name, keyword in NAMES.items()} | parsed.get("OPTIONS", {})
    variables = {
        option.keyword.decode(): option.envvar.decode()
        for option in Conninfo.get_defaults()
        if option.envvar
    }
    return {
        variables[keyword]: str(value)
        for keyword, value in given.items()
        if keyword in variables and value != ""
    }
