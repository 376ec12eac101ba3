"""`manage.py unlock EMAIL`: unlock an account after too many wrong passwords."""

from argparse import ArgumentParser
from typing import Any

from axes.utils import reset
from django.core.management.base import BaseCommand

from loquent.organizations.services.organizations import staff_username


class Command(BaseCommand):
    help = "Let a user log in again immediately after too many wrong passwords."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the email they log in with")

    def handle(self, *args: Any, **options: Any) -> None:
        email = staff_username(options["email"])
        if reset(username=email):
            self.stdout.write(f"{email} can log in again.")
        else:
            self.stdout.write(f"{email} was not locked.")
