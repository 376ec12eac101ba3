"""The set-up checklist: what is left until a shop's chat answers on its site.

Each step is a small class that finds out by itself whether it is done; nothing is ticked by hand.
A new step is a class and its place in STEPS.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from django.conf import settings
from django.utils.timesince import timesince

from loquent.agents.models import KnowledgeEntry, TriedQuestion
from loquent.agents.services.tries import recent_tries
from loquent.mailing.models import MailState, OutgoingMail
from loquent.organizations.models import Organization
from widgets.models import PushDevice, WidgetConfig
from widgets.models.team import ConversationEvent
from widgets.services.insights.periods import PERSON_EVENTS
from widgets.services.notify.staff import members_with_mail
from widgets.services.setup.seen_sites import Installation, installation

ENOUGH_ENTRIES = 5
ENOUGH_QUESTIONS = 3


@dataclass(frozen=True, slots=True)
class StepState:
    """What a page shows of a step. `blocked` says in words why it can't go on, else it is empty.

    `origin`: a refused site that a click can allow.
    """

    key: str
    title: str
    minutes: int
    button: str
    is_done: bool
    detail: str
    blocked: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Checklist:
    """The steps of an organization, in order."""

    steps: list[StepState]
    widget: WidgetConfig | None

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(step.is_done for step in self.steps)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.done == len(self.steps)


class Step:
    """A step of one organization, whose oldest widget is `widget` (None: it has none yet)."""

    key: ClassVar[str]
    title: ClassVar[str]
    minutes: ClassVar[int]
    button: ClassVar[str]

    def __init__(self, organization: Organization, widget: WidgetConfig | None) -> None:
        self.organization = organization
        self.widget = widget

    def is_done(self) -> bool:
        """Return whether the step is done, from what is stored."""
        raise NotImplementedError

    def detail(self) -> str:
        """Return what has been done so far."""
        return ""

    def blocked(self) -> str:
        """Return what is in the way."""
        return ""

    def origin(self) -> str:
        """Return a refused site to allow."""
        return ""

    def state(self) -> StepState:
        """Return what a page shows."""
        return StepState(
            key=self.key,
            title=self.title,
            minutes=self.minutes,
            button=self.button,
            is_done=self.is_done(),
            detail=self.detail(),
            blocked=self.blocked(),
            origin=self.origin(),
        )


class ShopStep(Step):
    """The website, or that there is none, and a way to reach the shop."""

    key, title, minutes, button = "shop", "Tell us about your shop", 1, "Open"

    def is_done(self) -> bool:
        """Return whether visitors could find and reach the shop."""
        shop = self.organization
        return bool((shop.website or shop.has_no_website) and (shop.phone or shop.email))

    def detail(self) -> str:
        """Name what is missing."""
        shop = self.organization
        missing = []
        if not (shop.website or shop.has_no_website):
            missing.append("your website")
        if not (shop.phone or shop.email):
            missing.append("a phone number or email address")
        return f"Missing: {', '.join(missing)}" if missing else ""


class TeachStep(Step):
    """Enough knowledge to answer from."""

    key, title, minutes, button = "teach", "Teach it what you know", 3, "Add answers"

    def is_done(self) -> bool:
        """Return whether there are enough entries."""
        return self._entries >= ENOUGH_ENTRIES

    def detail(self) -> str:
        """Count the entries."""
        count = self._entries
        text = f"{count} answer{'' if count == 1 else 's'}"
        return text if count >= ENOUGH_ENTRIES else f"{text} of at least {ENOUGH_ENTRIES}"

    @cached_property
    def _entries(self) -> int:
        if self.widget is None:
            return 0
        return KnowledgeEntry.objects.filter(agent=self.widget.text_agent_id).count()


class AskStep(Step):
    """Three questions asked in "Try it", all answered."""

    key, title, minutes, button = "ask", "Ask it three questions", 2, "Try it"

    @cached_property
    def _tries(self) -> list[TriedQuestion]:
        return list(recent_tries(organization=self.organization)[:ENOUGH_QUESTIONS])

    def is_done(self) -> bool:
        """Return whether the last questions all have an answer."""
        answered = [each for each in self._tries if each.outcome == "answered"]
        return len(answered) == ENOUGH_QUESTIONS

    def detail(self) -> str:
        """Count the questions."""
        return f"{len(self._tries)} of {ENOUGH_QUESTIONS} asked"

    def blocked(self) -> str:
        """Quote the latest question without an answer."""
        for each in self._tries:
            if each.outcome != "answered":
                return f"“{each.question}” had no answer. Add one and ask again."
        return ""


class LookStep(Step):
    """The chat's look and welcome, saved or confirmed by a member."""

    key, title, minutes, button = "look", "Make it look like yours", 2, "Open"

    def is_done(self) -> bool:
        """Return whether a member saved or confirmed the look."""
        return self.widget is not None and self.widget.look_saved_at is not None


class SiteStep(Step):
    """A site that shows the chat."""

    key, title, minutes, button = "site", "Put it on your site", 5, "Show me how"

    @cached_property
    def _installation(self) -> Installation | None:
        return installation(widget=self.widget) if self.widget else None

    def is_done(self) -> bool:
        """Return whether a site other than a developer's computer shows the chat."""
        return self._installation is not None and self._installation.is_installed

    def detail(self) -> str:
        """Name the site and when it was last seen."""
        newest = self._installation.newest if self._installation else None
        return f"{newest.origin}, {timesince(newest.last_seen_at)} ago" if newest else ""

    def blocked(self) -> str:
        """Name the site that was refused last."""
        if self.widget is None or self._installation is None or self.is_done():
            return ""
        if not self.widget.enabled:
            return "The widget is off."
        refused = self._installation.refused
        if not refused:
            return ""
        times = f"{refused[0].count} time{'' if refused[0].count == 1 else 's'}"
        return f"{refused[0].origin} tried {times} and was refused."

    def origin(self) -> str:
        """Return the site that was refused last."""
        if self._installation is None or self.is_done():
            return ""
        refused = self._installation.refused
        return refused[0].origin if refused else ""


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


STEPS: tuple[type[Step], ...] = (
    ShopStep,
    TeachStep,
    AskStep,
    LookStep,
    SiteStep,
    ToldStep,
    PersonStep,
)


def mail_is_delivered() -> bool:
    """Return whether mail leaves the server; a demo prints it on its console."""
    return settings.MAIL_IS_ON and not settings.EMAIL_BACKEND.endswith("console.EmailBackend")


def setup_checklist(*, organization: Organization) -> Checklist:
    """Return the steps of an organization, about its oldest widget."""
    widget = first_widget(organization=organization)
    return Checklist([step(organization, widget).state() for step in STEPS], widget)


def first_widget(*, organization: Organization) -> WidgetConfig | None:
    """Return an organization's oldest widget, which set-up is about, or None."""
    widgets = WidgetConfig.objects.filter(organization=organization)
    return widgets.select_related("text_agent", "organization").order_by("created_at", "id").first()
