"""What a model is given for one answer, and what its answer may therefore cite and link to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils import timezone

from loquent.agents.backends.links import GivenAddresses
from loquent.agents.backends.markers import MarkReader
from loquent.agents.backends.prompts import cited_entries, system_prompt
from loquent.agents.search.index import Hit
from loquent.agents.types import ReplyRequest, Source


@dataclass(frozen=True, slots=True)
class Grounding:
    """The system message, the entries by their marks, and the addresses that may be links.

    `given` None: any address may be, because the agent has no knowledge to bind its answers to.
    """

    prompt: str
    entries: tuple[Source, ...]
    given: GivenAddresses | None
    texts: tuple[str, ...] = ()

    def reader(self) -> MarkReader:
        """Return a reader for an answer to this prompt."""
        return MarkReader(self.entries, self.given)

    def with_results(self, results: Sequence[str]) -> "Grounding":
        """Return the same with results of actions, whose addresses may be links, too."""
        texts = (*self.texts, *results)
        return replace(self, texts=texts, given=GivenAddresses(texts) if self.given else None)


def ground(request: ReplyRequest, hits: Sequence[Hit], *, is_verbatim: bool = False) -> Grounding:
    """Return what a model is given to answer a request from these passages.

    `is_verbatim`: the first is the answer as it stands.
    """
    question = request.messages[-1].content if request.messages else ""
    today = timezone.now().date()
    prompt = system_prompt(
        request.instructions,
        hits,
        request.page,
        question=question,
        browser_language=request.visitor_language,
        today=today,
        is_verbatim=is_verbatim,
        has_actions=bool(request.actions),
    )
    urls = [hit.url for hit in hits]
    said = [line.content for line in request.messages]
    entries = tuple(cited_entries(hits).values())
    texts = (prompt, *urls, *said)
    given = GivenAddresses(texts) if request.knowledge else None
    return Grounding(prompt, entries, given, texts)
