"""Compute the vectors of what a sync has read, so that no process with chats has to."""

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from uuid import UUID

from loquent.agents.crawling.results import PageResult
from loquent.agents.importing.reading import MAX_PASSAGES
from loquent.agents.knowledge_source import KnowledgeSource
from loquent.agents.search.background import in_background
from loquent.agents.search.embedder import embedder
from loquent.agents.search.index import passages_of
from loquent.agents.search.languages import detect_language
from loquent.agents.search.vectors import store_vectors
from loquent.agents.types import Passage

# Should it take longer on a busy machine, the servers compute the rest when they index it.
SECONDS = 600.0
# As many entries tell the language.
SAMPLE = 200


class _Enough(Exception):  # noqa: N818
    """There is no time left."""


def language_for_vectors(*, source_id: UUID) -> str | None:
    """Return the language that an agent is set to, or ""; None: its vectors come from elsewhere."""
    if not embedder.is_available:
        return None
    rows = KnowledgeSource.objects.filter(id=source_id)
    names = ("agent__language", "agent__connection__embedding_model")
    language, model = rows.values_list(*names).first() or ("", "-")
    # An endpoint costs money: it is asked only for what is really stored.
    return None if model else language


def prepare_vectors(
    *, results: Mapping[str, PageResult], language: str, check: Callable[[], None]
) -> None:
    """Compute and store the vectors of new texts, on a thread; `check` is called in between."""
    deadline = time.monotonic() + SECONDS

    def check_all() -> None:
        check()
        if time.monotonic() > deadline:
            raise _Enough

    sample = "\n".join(f"{row.title} {row.content[:500]}" for row in islice(_new(results), SAMPLE))
    if not embedder.understands(language or detect_language(sample) or "en"):
        return
    with in_background():
        passages = (passage for entry in _new(results) for passage in passages_of(entry))
        try:
            # The knowledge has no room for more.
            store_vectors(islice(passages, MAX_PASSAGES), embedder, check_all)
        except _Enough:
            return


def _new(results: Mapping[str, PageResult]) -> Iterator[Passage]:
    for result in results.values():
        for draft in result.drafts:
            yield Passage(draft.title, draft.content, draft.url)
