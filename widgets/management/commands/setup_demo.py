"""`manage.py setup_demo`: create the demo if there is none, and print its addresses."""

import os
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from widgets.services.demo import create_demo

PASSWORD_FILE = "demo-owner.txt"


class Command(BaseCommand):
    help = "Create a demo organization, agent and widget. Running it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--var",
            default=str(settings.BASE_DIR / "var"),
            help="the directory to write the password to",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["var"]) / PASSWORD_FILE
        password = secrets.token_urlsafe(15)
        owner = create_demo(owner_password=password, site_url=settings.SITE_URL)
        if owner is not None:
            text = f"email: {owner.email}\npassword: {password}\nAPI key: {owner.api_key}\n"
            write_private(path, text)
            self.stdout.write(f"Log in to the admin as {owner.email}, password {password}")
        if path.exists():
            self.stdout.write(f"The email, password and API key of the demo are in {path}")
        self.stdout.write("")
        self.stdout.write(f"  Demo page   {settings.SITE_URL}/demo/")
        self.stdout.write(f"  Admin       {settings.SITE_URL}/admin/")
        self.stdout.write(f"  Inbox       {settings.SITE_URL}/admin/inbox/")
        self.stdout.write(f"  REST API    {settings.SITE_URL}/api/v1/")
        self.stdout.write("")
        self.stdout.flush()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
