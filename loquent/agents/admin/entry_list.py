"""The knowledge entries that an assistant's page lists."""

from typing import Any

from loquent.agents.models import TextAgent
from loquent.agents.search.knowledge import unindexed_entries
from loquent.agents.services.entries import list_entries

# The most entries listed that were read by sources.
MOST_READ = 200


def entries_context(agent: TextAgent) -> dict[str, Any]:
    """Return the entries to list, how many are not listed, and those that can't be found."""
    found = list(list_entries(agent=agent))
    read = [entry for entry in found if entry.page_id is not None]
    hidden = {entry.id for entry in read[MOST_READ:]}
    unindexed = unindexed_entries([str(agent.pk)])
    return {
        "unindexed": [entry for entry in found if str(entry.pk) in unindexed],
        "entries": [entry for entry in found if entry.id not in hidden],
        "entries_count": len(found),
        "entries_hidden": len(hidden),
        "entries_size": sum(entry.size for entry in found),  # type: ignore[attr-defined]
    }
