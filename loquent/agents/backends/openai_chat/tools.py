"""The functions that a model calls while it answers, and the answer that calls them."""

from collections.abc import AsyncGenerator
from typing import Any

from loquent.agents.actions.records import Proposal
from loquent.agents.actions.turn import Step, TurnCalls
from loquent.agents.backends.markers import MarkReader
from loquent.agents.backends.openai_chat.asking import Asking
from loquent.agents.backends.openai_chat.calls import FunctionCall
from loquent.agents.backends.openai_chat.reader import AnswerReader
from loquent.agents.backends.openai_chat.request import input_size
from loquent.agents.types import (
    BackendError,
    BackendEvent,
    ReplyEnd,
    ReplyRequest,
    TextRestart,
    Working,
)


class Tools:
    """What a reply's model calls. `reader` and `marks` are those of the current answer.

    `results`: what the calls returned. `proposal` and `wants_person`: how they ended the reply.
    """

    def __init__(self, request: ReplyRequest) -> None:
        self._request = request
        self._calls = TurnCalls(request.actions, request.calls, is_dry=request.is_dry)
        self._lines: list[dict[str, Any]] = []
        self._has_asked_last = False
        self._step: Step | None = None
        self.results: list[str] = []
        self.reader: AnswerReader
        self.marks: MarkReader

    def new_reader(self, *, begins_inside: bool) -> AnswerReader:
        """Return a reader for the next answer."""
        self.reader = AnswerReader(
            self._request.meter,
            begins_inside=begins_inside,
            max_output_tokens=self._request.max_output_tokens,
            takes_calls=bool(self._request.actions),
        )
        return self.reader

    @property
    def has_calls(self) -> bool:
        """Whether the answer calls actions, rather than a person."""
        return bool(
            self._request.actions and self.reader.calls.names and not self.reader.calls_person
        )

    @property
    def proposal(self) -> Proposal | None:
        """The change that waits for the visitor."""
        return self._step.proposal if self._step else None

    @property
    def wants_person(self) -> bool:
        """Whether the model calls a person, by name or by an action."""
        return self.reader.calls_person or (self._step is not None and self._step.kind == "person")

    @property
    def is_over(self) -> bool:
        """Whether the model is not asked again."""
        return self._step is not None or (self._has_asked_last and self.reader.has_text)

    async def carry_out(self) -> AsyncGenerator[BackendEvent, None]:
        """Carry out the answer's calls, until one ends the reply."""
        if self._has_asked_last:
            if not self.reader.has_text:
                reason = "the model calls actions in place of an answer"
                raise BackendError(reason, permanent=False, is_outage=False)
            return
        if self.reader.has_text:
            # It was written before the results were known.
            yield TextRestart()
        calls = [call for call in self.reader.calls.calls if call.name]
        results: list[dict[str, Any]] = []
        ids: set[str] = set()
        for number, call in enumerate(calls):
            if not call.id or call.id in ids:
                call.id = f"call_{len(self.results) + number}"
            ids.add(call.id)
            yield Working()
            step = await self._calls.run(call.name, call.arguments)
            yield Working()
            if step.kind != "result":
                self._step = step
                # What was held back belongs to the text that is withdrawn.
                self.marks = MarkReader()
                return
            results.append({"role": "tool", "tool_call_id": call.id, "content": step.text})
        self.results += [line["content"] for line in results]
        called = [_called(call) for call in calls]
        self._lines = [{"role": "assistant", "content": "", "tool_calls": called}, *results]

    async def ask_again(self, asking: Asking) -> None:
        """Continue the request with the calls and their results.

        Raises `agent_unavailable` if the token budget does not cover another request.
        """
        request = self._request
        answered = input_size(asking.body)
        self._has_asked_last = self._calls.left <= 0
        asking.answer_calls(self._lines, may_call=not self._has_asked_last)
        most = request.meter.next_request(
            answered=answered,
            follows=input_size(asking.body),
            max_output_tokens=request.max_output_tokens,
        )
        if request.more_tokens is not None:
            await request.more_tokens(most)

    def end(self, **fields: Any) -> ReplyEnd:
        """Return the end of the reply with the tokens of all its requests."""
        meter = self._request.meter
        return ReplyEnd(
            input_tokens=meter.input_tokens, output_tokens=meter.output_tokens, **fields
        )


def _called(call: FunctionCall) -> dict[str, Any]:
    # Some endpoints parse them again.
    is_object = call.arguments.lstrip().startswith("{")
    function = {"name": call.name, "arguments": call.arguments if is_object else "{}"}
    return {"id": call.id, "type": "function", "function": function}
