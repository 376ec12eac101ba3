"""What a response with another status than 200 means for the turn. Pure."""

from collections.abc import Mapping

from loquent.agents.backends.openai_chat.complaints import Complaint
from loquent.agents.types import BackendError
from loquent.retry_after import wanted_wait

# Some frameworks answer each POST with 201.
ANSWERED = frozenset({200, 201})


class TryAgainError(Exception):
    """This attempt failed before the first token; a retry may succeed."""

    def __init__(self, error: BackendError) -> None:
        super().__init__()
        self.error = error


def refusal_of(status: int, headers: Mapping[str, str], complaint: Complaint) -> Exception:
    """Return what to raise: a `TryAgainError` for 429 and 5xx, else a permanent BackendError.

    The text is our own: it contains nothing that the endpoint wrote.
    """
    reason = f"the endpoint answered HTTP {status}"
    if status == 429 and complaint.is_out_of_quota:
        return BackendError(f"{reason}: the account has no quota left", permanent=True)
    if complaint.is_filtered:
        return BackendError(f"{reason}: its filter refused the conversation", permanent=True)
    if complaint.is_teachable and complaint.is_too_long:
        return BackendError(f"{reason}: the conversation is too long for the model", permanent=True)
    if status == 429 or status >= 500:
        wait = wanted_wait(headers)
        return TryAgainError(
            BackendError(reason, permanent=False, retry_after=wait, is_outage=status >= 500)
        )
    return BackendError(reason, permanent=True)
