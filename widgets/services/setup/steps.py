"""A step of the set-up checklist."""

from dataclasses import dataclass
from typing import ClassVar

from loquent.organizations.models import Organization
from widgets.models import WidgetConfig


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
