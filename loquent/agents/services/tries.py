"""Remember which questions members asked in "Try it", and whether they were answered."""

import uuid

from loquent.agents.models import TriedQuestion
from loquent.agents.services.loading import LoadedReply
from loquent.organizations.models import Organization

MAX_KEPT = 20
MAX_QUESTION = 500


def record_try(*, loaded: LoadedReply, outcome: str) -> None:
    """Record the question of a playground request, and delete older ones beyond MAX_KEPT.

    A repeated question replaces its earlier row, so that a corrected answer counts.
    """
    organization_id: uuid.UUID = loaded.organization_id
    question = " ".join(loaded.request.messages[-1].content.split())[:MAX_QUESTION]
    rows = TriedQuestion.objects.filter(organization=organization_id)
    rows.filter(question__iexact=question).delete()
    TriedQuestion.objects.create(
        organization_id=organization_id, question=question, outcome=outcome
    )
    kept = rows.values_list("id", flat=True)[:MAX_KEPT]
    rows.exclude(id__in=list(kept)).delete()


def recent_tries(*, organization: Organization) -> list[TriedQuestion]:
    """Return the questions asked last, newest first, each once."""
    return list(TriedQuestion.objects.filter(organization=organization)[:MAX_KEPT])
