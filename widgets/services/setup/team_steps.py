"""The steps of set-up that are about the team."""

from functools import cached_property

from django.conf import settings

from loquent.mailing.models import MailState, OutgoingMail
from widgets.models import PushDevice
from widgets.models.team import ConversationEvent
from widgets.services.insights.periods import PERSON_EVENTS
from widgets.services.notify.staff import members_with_mail
from widgets.services.setup.steps import Step


def mail_is_delivered() -> bool:
    """Return whether mail leaves the server; a demo prints it on its console."""
    return settings.MAIL_IS_ON and not settings.EMAIL_BACKEND.endswith("console.EmailBackend")


class ToldStep(Step):
    """A member who hears of a waiting visitor away from the admin."""

    key, title, minutes = "told", "Choose who is told when a visitor needs you", 1
    button = "Choose"

    def is_done(self) -> bool:
        """Return whether a device got a message, or mail of the organization arrives."""
        return bool(self._told)

    def detail(self) -> str:
        """Name the members who are told."""
        return ", ".join(self._told[:2])

    def blocked(self) -> str:
        """Say why no mail arrives."""
        if self.is_done():
            return ""
        if not mail_is_delivered():
            return "This server sends no email yet. Turn on notifications in your browser instead."
        return "" if self._mail_arrives else "The last email could not be sent."

    @cached_property
    def _told(self) -> list[str]:
        devices = PushDevice.objects.filter(
            member__organization=self.organization, sent_at__isnull=False, failed_at=None
        )
        told = [f"{device} by push message" for device in devices.order_by("created_at", "id")]
        if mail_is_delivered() and self._mail_arrives:
            members = members_with_mail(self.organization)
            told += [f"{member.user.email} by email" for member in members]
        return told

    @cached_property
    def _mail_arrives(self) -> bool:
        ended = OutgoingMail.objects.filter(organization=self.organization).exclude(
            state=MailState.WAITING
        )
        newest = ended.order_by("-created_at", "-id").first()
        return newest is None or newest.state == MailState.SENT


class PersonStep(Step):
    """A conversation in which a visitor asked for a person, and a person answered."""

    key, title, minutes = "person", "Try to reach a person yourself", 1
    button = "Open the chat"

    @cached_property
    def _is_reached(self) -> bool:
        return ConversationEvent.objects.filter(
            session__widget__organization=self.organization,
            session__human_at__isnull=False,
            kind__in=PERSON_EVENTS,
        ).exists()

    def is_done(self) -> bool:
        """Return whether a visitor, such as the owner, has reached a person."""
        return self._is_reached

    def detail(self) -> str:
        """Say what to do."""
        return "" if self.is_done() else "Choose “Talk to a person”, then answer in the inbox"
