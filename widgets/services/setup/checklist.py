"""The set-up checklist: what is left until a shop's chat answers on its site.

Each step is a small class that finds out by itself whether it is done; nothing is ticked by hand.
A new step is a class and its place in STEPS.
"""

from dataclasses import dataclass
from functools import cached_property

from django.utils.timesince import timesince

from loquent.agents.models import KnowledgeEntry, TriedQuestion
from loquent.agents.services.tries import recent_tries
from loquent.organizations.models import Organization
from widgets.models import WidgetConfig
from widgets.services.setup.seen_sites import Installation, installation
from widgets.services.setup.steps import Step, StepState
from widgets.services.setup.team_steps import PersonStep, ToldStep

ENOUGH_ENTRIES = 5
ENOUGH_QUESTIONS = 3


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


STEPS: tuple[type[Step], ...] = (
    ShopStep,
    TeachStep,
    AskStep,
    LookStep,
    SiteStep,
    ToldStep,
    PersonStep,
)


def setup_checklist(*, organization: Organization) -> Checklist:
    """Return the steps of an organization, about its oldest widget."""
    widget = first_widget(organization=organization)
    return Checklist([step(organization, widget).state() for step in STEPS], widget)


def first_widget(*, organization: Organization) -> WidgetConfig | None:
    """Return an organization's oldest widget, which set-up is about, or None."""
    widgets = WidgetConfig.objects.filter(organization=organization)
    return widgets.select_related("text_agent", "organization").order_by("created_at", "id").first()
