"""The kinds of mail, each with the function that writes its text when it is sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from loquent.mailing.models import OutgoingMail


@dataclass(frozen=True, slots=True)
class Letter:
    """The text of one mail. `sender`: the name beside DEFAULT_FROM_EMAIL's address."""

    to: str
    subject: str
    body: str
    sender: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


Write = Callable[[OutgoingMail], Sequence[Letter]]


@dataclass(frozen=True, slots=True)
class LetterKind:
    """A kind of mail: its title for staff, the function that writes it, and when it expires."""

    title: str
    write: Write
    lasts: timedelta


LETTERS: dict[str, LetterKind] = {}


def letter(kind: str, *, title: str, lasts: timedelta) -> Callable[[Write], Write]:
    """Declare a kind of mail, in an app's `letters` module.

    The decorated function returns the mails to send. None means that there is no reason to send it
    any more: the row is deleted. A mail that could not be sent within `lasts` has failed.
    """

    def register(write: Write) -> Write:
        assert kind not in LETTERS or LETTERS[kind].write is write, kind  # noqa: S101
        LETTERS[kind] = LetterKind(title, write, lasts)
        return write

    return register
