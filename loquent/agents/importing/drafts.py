"""What an import makes of a file: entries to be, and what it left out. Pure."""

from dataclasses import dataclass, field

MAX_TITLE = 200
MAX_CONTENT = 100_000


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that a file holds; `url` is empty where the file names none."""

    title: str
    content: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part of a file that became no entry, and why, in a sentence."""

    what: str
    why: str


@dataclass(slots=True)
class Reading:
    """All that was found in a file."""

    drafts: list[Draft] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, draft: Draft, *, what: str = "") -> None:
        """Take a draft that has something in it and isn't too long; else say why not."""
        name = what or draft.title
        if not draft.content.strip():
            self.skipped.append(Skipped(name, "It is empty."))
        elif len(draft.content) > MAX_CONTENT:
            self.skipped.append(
                Skipped(name, f"It has more than {MAX_CONTENT:,} characters without a paragraph.")
            )
        else:
            title = " ".join(draft.title.split())[:MAX_TITLE] or "Untitled"
            self.drafts.append(Draft(title, draft.content.strip(), draft.url))
