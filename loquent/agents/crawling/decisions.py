"""Decide what a sync does with each page, so that no knowledge is lost by accident. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from loquent.agents.crawling.results import KnownPage, Outcome, PageResult
from loquent.agents.crawling.scope import page_key

# A page that so many syncs in a row did not find is removed.
MISSES = 2
# If more of the known pages are gone, a person has to confirm.
MOST_GONE = 0.3
# A text is not replaced by one that is so short, and shorter than this share of it.
TINY_CHARS = 200
TINY_SHARE = 0.2
KEPT = "The text that was read before is kept."
TINY = "The page has almost no text now."
OFF_SITE = "The page is no longer part of this site."

Change = Literal["added", "changed", "same", "removed", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a page. `missed`: how many syncs in a row have not found it."""

    change: Change
    reason: str = ""
    missed: int = 0


@dataclass(slots=True)
class Decisions:
    """The decisions by page; `gone`: the known pages that the site no longer has."""

    by_page: dict[str, Decision] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    known: int = 0

    @property
    def needs_confirmation(self) -> bool:
        """Return whether too many pages are gone to continue without a person."""
        return len(self.gone) > self.known * MOST_GONE


def decide(
    results: Mapping[str, PageResult],
    known: Sequence[KnownPage],
    missed: Mapping[str, int],
    *,
    accepts: bool,
    is_replaced: bool = False,
) -> Decisions:
    """Return what to do with each page, by its key.

    `missed`: of each known page, how many syncs in a row have not found it. `accepts`: a person has
    agreed that pages which are gone are removed now. `is_replaced`: a person has uploaded a new
    version, so what that doesn't have is not awaited.
    """
    before = {page_key(page.url): page for page in known}
    found = Decisions(known=len(before))
    first_with: dict[str, str] = {
        result.digest: result.url for result in results.values() if result.outcome is Outcome.SAME
    }
    for key, result in results.items():
        old = before.get(key)
        twin = first_with.setdefault(result.digest, result.url) if result.digest else result.url
        if twin != result.url:
            reason = f"It has the same text as {twin[:300]}."
            # A site that answers every address with one page has lost the others.
            is_gone = result.outcome is Outcome.READ
        else:
            reason, is_gone = result.reason, result.outcome is Outcome.GONE
        if old is None:
            found.by_page[key] = _of_new(result, reason, is_twin=twin != result.url)
        elif is_gone:
            found.gone.append(key)
            is_final = accepts or is_replaced
            found.by_page[key] = _of_gone(missed.get(key, 0) + 1, reason, accepts=is_final)
        elif is_replaced and _is_tiny(result, old):
            found.gone.append(key)
            found.by_page[key] = Decision("changed", TINY)
        else:
            found.by_page[key] = _of_known(result, old, missed.get(key, 0))
    for key in before.keys() - results.keys():
        if accepts:
            found.gone.append(key)
        found.by_page[key] = (
            Decision("removed", OFF_SITE) if accepts else Decision("failed", f"{OFF_SITE} {KEPT}")
        )
    return found


def _of_new(result: PageResult, reason: str, *, is_twin: bool) -> Decision:
    if is_twin or result.outcome in {Outcome.SKIPPED, Outcome.GONE}:
        return Decision("skipped", reason)
    return Decision("added") if result.outcome is Outcome.READ else Decision("failed", reason)


def _of_gone(missed: int, reason: str, *, accepts: bool) -> Decision:
    if accepts or missed >= MISSES:
        return Decision("removed", reason)
    return Decision("failed", f"{reason} It is removed if the next sync doesn't find it.", missed)


def _is_tiny(result: PageResult, old: KnownPage) -> bool:
    is_small = result.size < min(TINY_CHARS, old.size * TINY_SHARE)
    return result.outcome is Outcome.READ and is_small


def _of_known(result: PageResult, old: KnownPage, missed: int) -> Decision:
    match result.outcome:
        case Outcome.SAME:
            return Decision("same")
        case Outcome.SKIPPED:
            return Decision("skipped", f"{result.reason} {KEPT}", missed)
        case Outcome.READ if _is_tiny(result, old):
            return Decision("skipped", f"{TINY} {KEPT}", missed)
        case Outcome.READ:
            return Decision("changed")
    return Decision("failed", f"{result.reason} {KEPT}", missed)
