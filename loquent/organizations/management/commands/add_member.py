"""`manage.py add_member ORGANIZATION_ID --email E --password P --role ROLE [--name N] [--json]`"""

import json
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loquent.errors import ApplicationError
from loquent.organizations.models import Role
from loquent.organizations.services.organizations import add_member


class Command(BaseCommand):
    help = "Add a member to an organization, with an account if the email has none yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organization_id")
        parser.add_argument("--email", required=True)
        parser.add_argument(
            "--password",
            default=os.environ.get("MEMBER_PASSWORD", ""),
            help="Or set MEMBER_PASSWORD, which other users of the machine can't see.",
        )
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--name", default="", help="the name that visitors read")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            member = add_member(
                organization_id=options["organization_id"],
                email=options["email"],
                password=options["password"],
                role=Role(options["role"]),
                name=options["name"],
            )
        except ApplicationError as error:
            raise CommandError(error.message) from None
        if options["json"]:
            self.stdout.write(json.dumps({"member_id": str(member.id)}))
            return
        self.stdout.write(f"Member {member.user}: {member.id}")
