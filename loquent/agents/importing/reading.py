"""The result of reading a file: draft entries, and skipped parts. Pure."""

from dataclasses import dataclass, field

from loquent.text import strip_invisible

MAX_TITLE = 200
MAX_CONTENT = 100_000
# An agent's knowledge is in memory while it is used.
MAX_ENTRIES = 500
MAX_KNOWLEDGE_CHARS = 10_000_000
MAX_PASSAGES = 10_000
FULL = (
    f"An agent can have at most {MAX_ENTRIES} entries, with {MAX_KNOWLEDGE_CHARS:,} characters and "
    f"{MAX_PASSAGES:,} passages."
)
# This many reasons are listed; the others are only counted.
MAX_TOLD = 100


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry found in a file; `url` is empty if the file has none."""

    title: str
    content: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part of a file that became no entry, and why, in a sentence."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A possible reading of a file that does not state its encoding."""

    encoding: str
    label: str
    sample: str


@dataclass(slots=True)
class LeftOut:
    """The first parts that became no entry, and how many `more` there are."""

    skipped: list[Skipped] = field(default_factory=list)
    more: int = 0

    def skip(self, what: str, why: str) -> None:
        """List a skipped part; after MAX_TOLD, only count it."""
        if len(self.skipped) < MAX_TOLD:
            self.skipped.append(Skipped(" ".join(what.split())[:MAX_TITLE], why))
        else:
            self.more += 1


@dataclass(slots=True)
class Reading(LeftOut):
    """Everything found in a file, up to the limits of an agent's knowledge.

    `most`: so many entries; hand-made ones are fewer than those of sources.
    """

    most: int = MAX_ENTRIES
    drafts: list[Draft] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    # If a person has to choose the encoding: nothing else was read.
    choices: list[Choice] = field(default_factory=list)

    def add(self, draft: Draft, *, what: str = "") -> None:
        """Add a draft that has content, is new and fits; otherwise record why not."""
        name = what or draft.title
        content = strip_invisible(draft.content)
        if not content:
            self.skip(name, "It is empty.")
        elif len(draft.content) > MAX_CONTENT:
            self.skip(name, f"It has more than {MAX_CONTENT:,} characters without a paragraph.")
        elif (words := same(content)) in self.known:
            self.skip(name, "The same text is already in the knowledge.")
        elif len(self.drafts) >= self.most:
            is_own = self.most == MAX_ENTRIES
            self.skip(name, FULL if is_own else f"The file has more than {self.most:,} entries.")
        else:
            self.known.add(words)
            title = strip_invisible(" ".join(draft.title.split()))[:MAX_TITLE] or "Untitled"
            self.drafts.append(Draft(title, content, draft.url))


def refused(name: str, why: str) -> Reading:
    """Return the reading of a file that is skipped as a whole."""
    reading = Reading()
    reading.skip(name, why)
    return reading


def same(content: str) -> str:
    """Return a key that is equal for texts that differ only in white space."""
    return " ".join(content.split())
