"""`manage.py export_contact ID`: print all data about a contact as JSON."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts.models import Contact
from loquent.errors import ApplicationError
from loquent.organizations.access import access_object
from widgets.services.erasure import export_contact


class Command(BaseCommand):
    help = "Print all stored data about a contact as JSON: details, conversations, contact forms."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", help="the contact's id, as in the URL of its admin page")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            contact = access_object(
                Contact.objects.select_related("organization"), id=options["id"]
            )
        except ApplicationError as error:
            raise CommandError(error.message) from None
        data = export_contact(contact=contact)
        self.stdout.write(json.dumps(data, indent=2, ensure_ascii=False))
