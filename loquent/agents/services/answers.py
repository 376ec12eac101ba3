"""Search an agent's knowledge for staff and programs, and measure it with its questions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from threading import Lock

from django.db import transaction

from loquent.agents.models import AgentQuestion, EvaluationRun, KnowledgeEntry, TextAgent
from loquent.agents.search.index import Hit
from loquent.agents.search.indexed import Found, Knowledge
from loquent.agents.search.knowledge import (
    search_no_knowledge,
    unsaved_knowledge,
    whole_knowledge,
)
from loquent.agents.services.loading import FoundAgent, find_agent, read_knowledge, request_of
from loquent.agents.types import Passage, ReplyRequest
from loquent.errors import ApplicationError, ErrorCode

# How long a request waits for the index of knowledge that was just saved.
WAIT_SECONDS = 5.0
RETRY_SECONDS = 2
MAX_HITS = 10
# Passages considered to find MAX_HITS different entries.
MAX_PASSAGES = 40
# Older runs of an agent are deleted.
MAX_RUNS = 50
# Builds an index of its own for each preview: one at a time per process bounds the memory.
_previews = Lock()
PREVIEW_WAIT_SECONDS = 20.0

FIGURES = ("right_at_1", "right_at_3", "refused_wrongly", "refused_rightly", "persons")


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """The result of one question. `rank`: of the expected entry, from 1; None: not found."""

    row: AgentQuestion
    outcome: str
    rank: int | None
    right: bool
    was_right: bool | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of a run, in percent; None if the set has no question of that kind."""

    questions: int
    right_at_1: float | None
    right_at_3: float | None
    refused_wrongly: float | None
    refused_rightly: float | None
    persons: float | None
    results: list[QuestionResult]


def search_agent(
    *, agent: TextAgent, question: str, previous: str = "", wait_seconds: float = WAIT_SECONDS
) -> Found:
    """Return the hits of a question in the agent's saved knowledge, one per entry.

    Raises `unavailable` until that knowledge is indexed whole.
    """
    return _search(_knowledge_of(agent, wait_seconds), question, previous)


def evaluate_agent(*, agent: TextAgent) -> Evaluation:
    """Ask all of the agent's questions, and record the run. Raises as `search_agent`."""
    evaluation = _ask(_rows(agent), _knowledge_of(agent))
    changed = [result for result in evaluation.results if result.right is not result.was_right]
    with transaction.atomic():
        for right in (True, False):
            ids = [result.row.id for result in changed if result.right is right]
            AgentQuestion.objects.filter(id__in=ids).update(was_right=right)
        _record(agent, evaluation)
    return evaluation


def preview_change(
    *, agent: TextAgent, change: Callable[[], object]
) -> tuple[Evaluation, Evaluation]:
    """Return the figures of the saved knowledge, and those after a change; save nothing.

    `change` saves it: it runs in a transaction that is rolled back. `was_right` of the second
    evaluation: with the saved knowledge. Raises what `change` raises, and as `search_agent`.
    """
    with transaction.atomic():
        change()
        entries = read_knowledge(agent.id)
        transaction.set_rollback(True)
    rows = _rows(agent)
    before = _ask(rows, _knowledge_of(agent))
    if not rows:
        return before, before
    after = _ask(rows, _unsaved_knowledge(agent, entries))
    right = {result.row.id: result.right for result in before.results}
    results = [replace(result, was_right=right[result.row.id]) for result in after.results]
    return before, replace(after, results=results)


def _unsaved_knowledge(agent: TextAgent, entries: tuple[Passage, ...]) -> Knowledge | None:
    if not entries:
        return None
    if not _previews.acquire(timeout=PREVIEW_WAIT_SECONDS):
        raise ApplicationError(
            ErrorCode.UNAVAILABLE,
            "Other changes are being checked. Retry after the time in Retry-After.",
            retry_after=RETRY_SECONDS,
        )
    try:
        return unsaved_knowledge(replace(_request(agent), knowledge=entries))
    finally:
        _previews.release()


def _rows(agent: TextAgent) -> list[AgentQuestion]:
    return list(AgentQuestion.objects.filter(agent=agent).order_by("created_at", "id"))


def _ask(rows: Iterable[AgentQuestion], knowledge: Knowledge | None) -> Evaluation:
    return _figures([_result(row, _search(knowledge, row.question, row.previous)) for row in rows])


def _record(agent: TextAgent, evaluation: Evaluation) -> None:
    """Store the run, and delete the agent's oldest."""
    if not evaluation.questions:
        return
    runs = EvaluationRun.objects.filter(agent=agent)
    known = [result for result in evaluation.results if result.was_right is not None]
    EvaluationRun.objects.create(
        agent=agent,
        questions=evaluation.questions,
        **{name: getattr(evaluation, name) for name in FIGURES},
        entries=KnowledgeEntry.objects.filter(agent=agent).count(),
        gained=[str(r.row.id) for r in known if r.right and not r.was_right],
        lost=[str(r.row.id) for r in known if r.was_right and not r.right],
    )
    runs.filter(id__in=list(runs.values_list("id", flat=True)[MAX_RUNS:])).delete()


def _knowledge_of(agent: TextAgent, wait_seconds: float = WAIT_SECONDS) -> Knowledge | None:
    request = _request(agent)
    if not request.knowledge:
        return None
    knowledge = whole_knowledge(request, wait_seconds)
    if knowledge is None:
        raise ApplicationError(
            ErrorCode.UNAVAILABLE,
            "The knowledge is still being indexed. Retry after the time in Retry-After.",
            retry_after=RETRY_SECONDS,
        )
    return knowledge


def _request(agent: TextAgent) -> ReplyRequest:
    found: FoundAgent | None = find_agent(agent.id)
    if found is None:
        raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such text agent.")
    return request_of(found, messages=()).request


def _search(knowledge: Knowledge | None, question: str, previous: str) -> Found:
    if knowledge is None:
        return search_no_knowledge(question)
    found = knowledge.search(question, previous, MAX_PASSAGES)
    best: dict[str, Hit] = {}
    for hit in found.hits:
        best.setdefault(hit.entry, hit)
    return replace(found, hits=list(best.values())[:MAX_HITS])


def _result(row: AgentQuestion, found: Found) -> QuestionResult:
    entries = [hit.entry for hit in found.hits]
    wanted = str(row.entry_id)
    rank = entries.index(wanted) + 1 if wanted in entries else None
    if row.expect == AgentQuestion.Expect.ENTRY:
        right = rank == 1 and found.outcome != "none"
    else:
        right = found.outcome == row.expect
    return QuestionResult(row, found.outcome, rank, right, row.was_right)


def _figures(results: list[QuestionResult]) -> Evaluation:
    expect = AgentQuestion.Expect
    entry = [r for r in results if r.row.expect == expect.ENTRY]
    none = [r for r in results if r.row.expect == expect.NONE]
    return Evaluation(
        questions=len(results),
        right_at_1=_percent(r.right for r in entry),
        right_at_3=_percent(
            r.rank is not None and r.rank <= 3 and r.outcome != "none" for r in entry
        ),
        refused_wrongly=_percent(r.outcome == "none" for r in entry),
        refused_rightly=_percent(r.outcome == "none" for r in none),
        persons=_percent(r.right for r in results if r.row.expect == expect.PERSON),
        results=results,
    )


def _percent(values: Iterable[bool]) -> float | None:
    counted = list(values)
    return round(100 * sum(counted) / len(counted), 1) if counted else None
