"""How many jobs of a group may run at once, given what runs already."""

from collections import Counter
from collections.abc import Iterable

from loquent.jobs.kinds import KINDS, kind_of_group


class GroupLimits:
    """The limits of one claim: of each group, and of the doubtful groups of a kind together.

    Jobs of doubtful groups may occupy their places until they time out: without a common limit,
    many such groups would leave no place for the others.
    """

    def __init__(self, running: dict[str, int]) -> None:
        self._running = Counter(running)
        self._doubtful: dict[str, bool] = {}
        self.look_up(running)

    def look_up(self, groups: Iterable[str]) -> None:
        """Find out which of these groups are doubtful, by one call per kind."""
        new: dict[str, set[str]] = {}
        for group in groups:
            if group not in self._doubtful:
                new.setdefault(kind_of_group(group), set()).add(group)
        for kind, found in new.items():
            doubtful = KINDS[kind].doubtful if kind in KINDS else None
            names = {group.partition(":")[2]: group for group in found}
            bad = doubtful(names.keys()) if doubtful else set()
            self._doubtful |= {group: name in bad for name, group in names.items()}

    def full(self) -> set[str]:
        """Return the groups of which no further job may run now, of those that were looked up."""
        return {group for group in self._doubtful if self.is_full(group)}

    def is_full(self, group: str) -> bool:
        """Return whether no further job of a group may run now."""
        task = KINDS.get(kind_of_group(group))
        if task is None:
            return True
        count = self._running[group]
        if not self._doubtful[group]:
            return count >= task.at_once
        together = sum(
            running
            for name, running in self._running.items()
            if self._doubtful[name] and kind_of_group(name) == task.kind
        )
        limit = task.at_once if together < task.places // 4 else 1
        return count >= limit or together >= task.places // 2

    def add(self, group: str) -> None:
        """Count one more running job of a group."""
        self._running[group] += 1
