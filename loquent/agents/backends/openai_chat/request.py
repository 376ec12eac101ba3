"""The body of a chat-completions request, and what was learnt about each model. Pure."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from loquent.agents.actions.spec import ActionSpec, schema_of
from loquent.agents.backends.openai_chat.complaints import Complaint
from loquent.agents.metering import estimate_tokens
from loquent.agents.types import ChatMessage, ReplyRequest

REMEMBERED = 1_000
# Fields without which there is no request.
_NEEDED = frozenset({"model", "messages", "stream", "max_tokens", "max_completion_tokens"})
_CAP_NAMES = (
    "max_tokens", "maximum_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens",
)  # fmt: skip
_SMALLEST_CAP = 128
ASK_PERSON = "ask_person"
# With a parameter, because some endpoints refuse functions without one.
_TOOLS = [
    {
        "type": "function",
        "function": {
            "name": ASK_PERSON,
            "description": (
                "Call a person of the team into this chat. Use it if the visitor wants to talk to "
                "a person, or if only a person can help. The visitor is told by itself, so don't "
                "announce it."
            ),
            "parameters": {
                "type": "object",
                "properties": {"reason": {"type": "string", "description": "Why, in a few words."}},
            },
        },
    }
]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an endpoint wants to be asked.

    `cap_field`: the name of the maximum answer length. `max_cap` and `max_temperature`: the
    endpoint's own limits. `prompt_role`: "user" puts the system prompt into
    the first message. `left_out`: optional fields that it refuses. `begins_inside`: answers begin
    inside the reasoning. `too_long`: an estimate of tokens that is known to be too many; 0: none.
    """

    cap_field: str = "max_tokens"
    max_cap: int | None = None
    max_temperature: float | None = None
    prompt_role: Literal["system", "developer", "user"] = "system"
    left_out: frozenset[str] = frozenset()
    begins_inside: bool = False
    too_long: int = 0

    def learn(self, complaint: Complaint, body: dict[str, Any]) -> "Dialect":
        """Return the dialect after a refusal; itself if the refusal names nothing to change."""
        if "tools" in body and complaint.is_about_tools and not complaint.is_too_long:
            return self._without_tools()
        if not complaint.is_teachable:
            return self
        if complaint.is_too_long:
            return replace(self, too_long=size_of(body))
        has_prompt = self.prompt_role == "user" or body["messages"][0]["role"] == self.prompt_role
        role = complaint.role_for_prompt(self.prompt_role) if has_prompt else None
        if role is not None and role != self.prompt_role:
            return replace(self, prompt_role=role)
        if not complaint.is_about_request:
            return self
        learnt = self._learn_cap(complaint, body) or self._learn_fields(complaint, body)
        # The newest field is the likeliest cause of a refusal that explains nothing. An error in a
        # stream that began is none.
        is_open = learnt == self and "tools" in body and complaint.status != 200
        is_open = is_open and not complaint.is_filtered
        return self._without_tools() if is_open else learnt

    def _without_tools(self) -> "Dialect":
        return replace(self, left_out=self.left_out | {"tools"})

    def _learn_cap(self, complaint: Complaint, body: dict[str, Any]) -> "Dialect | None":
        if self.cap_field == "max_tokens" and complaint.names("max_completion_tokens"):
            return replace(self, cap_field="max_completion_tokens")
        if not any(map(complaint.names, _CAP_NAMES)):
            return None
        maximum = complaint.maximum(body[self.cap_field])
        if maximum is not None and maximum >= 1:
            return replace(self, max_cap=int(maximum))
        if self.cap_field == "max_tokens" and complaint.names("max_tokens"):
            return replace(self, cap_field="max_completion_tokens")
        return None

    def _learn_fields(self, complaint: Complaint, body: dict[str, Any]) -> "Dialect":
        named = {field for field in body.keys() - _NEEDED if complaint.names(field)}
        if named == {"temperature"} and body["temperature"] > 1 and complaint.maximum(1.01) == 1:
            return replace(self, max_temperature=1.0)
        if not named and body["stream"] and complaint.is_about_streaming:
            named = {"stream", "stream_options"}
        return replace(self, left_out=self.left_out | named)

    def notes(self) -> tuple[str, ...]:
        """Return what staff should know: a sentence for each thing that is sent differently."""
        notes = []
        if "temperature" in self.left_out:
            notes.append("This model does not accept a temperature, so it is not sent.")
        elif self.max_temperature is not None:
            notes.append(f"This model accepts a temperature of at most {self.max_temperature:g}.")
        if self.max_cap is not None:
            notes.append(f"This model writes at most {self.max_cap:,} tokens per answer.")
        if self.prompt_role == "user":
            notes.append(
                "This model does not accept a system prompt, so the instructions are sent at the "
                "start of the first message."
            )
        if "stream" in self.left_out:
            notes.append("This model does not stream, so answers appear all at once.")
        elif "stream_options" in self.left_out:
            notes.append("This endpoint may not report token counts, so they are estimated.")
        if "tools" in self.left_out:
            notes.append("This model does not accept tools, so it cannot call a person by itself.")
        others = sorted(self.left_out - {"temperature", "stream", "stream_options", "tools"})
        if others:
            notes.append(f"This model does not accept {', '.join(others)}.")
        if self.too_long:
            notes.append(
                f"This model's context is smaller than about {self.too_long:,} tokens, so it "
                "receives fewer of the earlier messages."
            )
        if self.begins_inside:
            notes.append("This model's reasoning is removed, so answers appear when it ends.")
        return tuple(notes)


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


def request_body(
    request: ReplyRequest,
    prompt: str,
    dialect: Dialect,
    talk: Sequence[dict[str, Any]] = (),
    *,
    may_call: bool = True,
) -> dict[str, Any]:
    """Return the request as a JSON object; without a system message if the prompt is empty.

    `talk`: the calls of this turn and their results. `may_call`: whether more are possible.

    If the dialect says that its size is too long, it has only the newest half of the messages, a
    quarter, and so on; the last one alone gets a shorter answer.
    """
    cap = request.max_output_tokens
    if dialect.max_cap is not None:
        cap = min(cap, dialect.max_cap)
    count = len(request.messages)
    while True:
        messages = [
            *_messages(request.messages[-count:], prompt, dialect.prompt_role),
            *talk,
        ]
        body: dict[str, Any] = {"model": request.model, "messages": messages, "stream": True}
        body[dialect.cap_field] = cap
        if not dialect.too_long or size_of(body) < dialect.too_long:
            break
        if count > 1:
            count = (count + 1) // 2 if count > 2 else 1
        elif cap > _SMALLEST_CAP:
            cap //= 2
        else:
            break
    if "stream_options" not in dialect.left_out:
        body["stream_options"] = {"include_usage": True}
    tools = [*(_TOOLS if request.can_ask_person else ()), *map(_tool, request.actions)]
    if tools and "tools" not in dialect.left_out:
        body["tools"] = tools
        if not may_call:
            body["tool_choice"] = "none"
    if request.temperature is not None and "temperature" not in dialect.left_out:
        body["temperature"] = min(request.temperature, dialect.max_temperature or 2.0)
    if "stream" in dialect.left_out:
        body["stream"] = False
    return body


def _tool(spec: ActionSpec) -> dict[str, Any]:
    description = f"{spec.title}. {spec.description}".strip()
    if spec.risk == "write":
        description += " The visitor is asked to confirm; nothing has happened before that."
    return {
        "type": "function",
        "function": {
            "name": spec.name,
            "description": description,
            "parameters": schema_of(spec.parameters),
        },
    }


def size_of(body: dict[str, Any]) -> int:
    """Return an estimate of the tokens that a request and its longest answer use."""
    cap = body.get("max_tokens") or body.get("max_completion_tokens") or 0
    return int(cap) + sum(estimate_tokens(line["content"]) for line in body["messages"])


def input_size(body: dict[str, Any]) -> int:
    """Return an estimate of the input tokens of a request with its functions and their calls."""
    return estimate_tokens(json.dumps([body["messages"], body.get("tools")], ensure_ascii=False))


def _messages(lines: Sequence[ChatMessage], prompt: str, role: str) -> list[dict[str, str]]:
    messages = alternating(lines)
    if prompt and role == "user":
        messages[0]["content"] = f"{prompt}\n\n{messages[0]['content']}"
    elif prompt:
        messages.insert(0, {"role": role, "content": prompt})
    return messages


def alternating(lines: Iterable[ChatMessage]) -> list[dict[str, str]]:
    """Return the messages, starting with a visitor's and with alternating roles.

    Many chat templates refuse any other order. Messages of one role in a row become one, as a
    failed answer leaves two questions in a row.
    """
    messages: list[dict[str, str]] = []
    for line in lines:
        if not messages and line.role != "user":
            continue
        if messages and messages[-1]["role"] == line.role:
            messages[-1]["content"] += f"\n\n{line.content}"
        else:
            messages.append({"role": line.role, "content": line.content})
    return messages
