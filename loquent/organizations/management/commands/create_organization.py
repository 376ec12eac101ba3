"""`manage.py create_organization NAME --owner-email E --owner-password P [--json]`"""

import json
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loquent.errors import ApplicationError
from loquent.organizations.services.organizations import create_organization


class Command(BaseCommand):
    help = (
        "Create an organization, its owner (who logs in to the admin with the email) and an API "
        "key, which is printed once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--owner-email", required=True)
        parser.add_argument(
            "--owner-password",
            default=os.environ.get("OWNER_PASSWORD", ""),
            help="Or set OWNER_PASSWORD, which other users of the machine can't see.",
        )
        parser.add_argument("--time-zone", default="UTC", help="IANA name, such as Europe/Zurich")
        parser.add_argument("--phone-region", default="", help="two letters, such as CH")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = create_organization(
                name=options["name"],
                owner_email=options["owner_email"],
                owner_password=options["owner_password"],
                time_zone=options["time_zone"],
                default_phone_region=options["phone_region"],
            )
        except ApplicationError as error:
            raise CommandError(error.message) from None
        if options["json"]:
            answer = {"organization_id": str(made.organization.id), "api_key": made.api_key}
            self.stdout.write(json.dumps(answer))
            return
        self.stdout.write(f"Organization {made.organization.name}: {made.organization.id}")
        self.stdout.write(f"Owner: {made.owner.username}")
        self.stdout.write(f"API key, shown this once: {made.api_key}")
