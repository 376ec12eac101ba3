"""The body of a chat-completions request, and what each model has taught us about it. Pure."""

from dataclasses import dataclass, replace
from typing import Any

from loquent.agents.types import ReplyRequest

REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an endpoint wants to be asked."""

    cap_field: str = "max_tokens"
    stream_options: bool = True

    def learn(self, error_body: bytes) -> "Dialect":
        """Return the dialect after a refusal; itself if the refusal names nothing to change."""
        if self.cap_field == "max_tokens" and b"max_completion_tokens" in error_body:
            return replace(self, cap_field="max_completion_tokens")
        if self.stream_options and b"stream_options" in error_body:
            return replace(self, stream_options=False)
        return self


class Dialects:
    """The dialect of each endpoint and model, remembered for the life of the process."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Dialect] = {}

    def get(self, endpoint: str, model: str) -> Dialect:
        """Return the last dialect that was learnt, or the common one."""
        return self._known.get((endpoint, model), Dialect())

    def remember(self, endpoint: str, model: str, dialect: Dialect) -> None:
        """Keep what was learnt; staff choose model names freely, so the number is bounded."""
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[endpoint, model] = dialect


def request_body(request: ReplyRequest, prompt: str, dialect: Dialect) -> dict[str, Any]:
    """Return the request as a JSON object; without a system message if the prompt is empty."""
    messages = [{"role": "system", "content": prompt}] if prompt else []
    messages += [{"role": line.role, "content": line.content} for line in request.messages]
    body: dict[str, Any] = {
        "model": request.model,
        "messages": messages,
        "stream": True,
        dialect.cap_field: request.max_output_tokens,
    }
    if dialect.stream_options:
        body["stream_options"] = {"include_usage": True}
    if request.temperature is not None:
        body["temperature"] = request.temperature
    return body
