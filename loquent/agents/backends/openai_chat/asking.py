"""One request while the endpoint may still refuse parts of it. Pure."""

from collections.abc import Sequence
from typing import Any

from loquent.agents.backends.openai_chat.complaints import Complaint
from loquent.agents.backends.openai_chat.request import Dialect, request_body
from loquent.agents.types import ReplyRequest

# Far more than there is to learn: a bound if an endpoint refuses everything.
MAX_LESSONS = 12


class Asking:
    """A request, the dialect it is written in, and its body as it is sent now."""

    def __init__(self, request: ReplyRequest, prompt: str, dialect: Dialect) -> None:
        self.request = request
        self.dialect = dialect
        self._prompt = prompt
        self._talk: list[dict[str, Any]] = []
        self._may_call = True
        self.body: dict[str, Any] = self._body(dialect)
        self._lessons = 0

    def learn(self, error_body: bytes, status: int) -> bool:
        """Change what an endpoint refuses and explains; return False if it explains nothing."""
        self._lessons += 1
        if self._lessons > MAX_LESSONS:
            return False
        dialect = self.dialect.learn(Complaint(error_body, status), self.body)
        body = self._body(dialect)
        if body == self.body:
            return False
        self.dialect, self.body = dialect, body
        return True

    def answer_calls(self, lines: Sequence[dict[str, Any]], *, may_call: bool) -> None:
        """Continue the request with calls and their results; it is sent again."""
        self._talk += lines
        self._may_call = may_call
        self.body = self._body(self.dialect)

    def _body(self, dialect: Dialect) -> dict[str, Any]:
        talk, may_call = self._talk, self._may_call
        return request_body(self.request, self._prompt, dialect, talk, may_call=may_call)
