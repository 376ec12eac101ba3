"""`manage.py erase_contact ID --yes`: erase a contact everywhere, and print the receipt."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts.models import Contact
from loquent.errors import ApplicationError
from loquent.organizations.access import access_object
from widgets.services.erasure import count_contact_data, erase_contact


class Command(BaseCommand):
    help = (
        "Permanently delete a contact with its conversations, and its details in other "
        "conversations."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", help="the contact's id, as in the URL of its admin page")
        parser.add_argument(
            "--yes",
            action="store_true",
            help="erase the contact; otherwise only report what would be deleted",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            contact = access_object(Contact.objects.all(), id=options["id"])
            if not options["yes"]:
                counts = count_contact_data(contact=contact)
                raise CommandError(
                    f"This would erase the contact, {counts['conversations']} conversations with "
                    f"{counts['messages']} messages, and {counts['claims']} forms in others' "
                    "conversations. Add --yes to do it."
                )
            receipt = erase_contact(contact_id=contact.id, requested_by="manage.py")
        except ApplicationError as error:
            raise CommandError(error.message) from None
        self.stdout.write(
            f"Erased contact {receipt.contact_id}, {receipt.conversations} conversations with "
            f"{receipt.messages} messages, and {receipt.claims} forms in others' conversations."
        )
        self.stdout.write(f"Receipt {receipt.id} of {receipt.created_at.isoformat()}")
