"""Reads the responses of a chat-completions endpoint. Pure; treats all input as untrusted."""

import json
from collections.abc import Callable
from typing import Any

from loquent.agents.backends.openai_chat.calls import CallReader
from loquent.agents.backends.openai_chat.content import (
    ChoicePicker,
    end_of,
    text_of,
    thoughts_of,
)
from loquent.agents.backends.openai_chat.end_tokens import EndFilter
from loquent.agents.backends.openai_chat.events import is_error, objects_in
from loquent.agents.backends.openai_chat.reasoning import ReasoningFilter
from loquent.agents.backends.openai_chat.request import ASK_PERSON
from loquent.agents.metering import TokenMeter
from loquent.agents.types import BackendError, Cut
from loquent.egress.sse import SseError, SseParser

MAX_DOCUMENT_BYTES = 4_194_304
# A stream may have this, and so much for each output token: an event repeats what all have.
MAX_STREAM_BYTES = 8_388_608
EVENT_BYTES = 1_000
MAX_TOKEN_COUNT = 2_147_483_647  # what a database column holds
# Fields with text that the model wrote, and is charged for, but that is not part of the answer.
UNSHOWN = ("reasoning_content", "reasoning", "thinking")
_BOM = b"\xef\xbb\xbf"


class AnswerReader:
    """Converts the bytes of an answer to its text.

    `has_end`: the answer declared its end. `cut`: why it is incomplete. `is_over`: there is nothing
    more to read. `error`: why the answer is a failure; the text before it still counts.
    `is_declined`: the model declined to answer, and its text says so. `refusal`: the endpoint's own
    error document. `restarts`: the text before what `feed` returned was reasoning; the caller
    resets it. Accepts a stream of events, and also the JSON document of an endpoint that ignores
    `stream`. `meter` records the text and the counts.
    """

    def __init__(
        self,
        meter: TokenMeter,
        *,
        begins_inside: bool = False,
        max_output_tokens: int = 0,
        takes_calls: bool = False,
    ) -> None:
        """`takes_calls`: a call of any function is an answer, not only that of a person."""
        self._left = MAX_STREAM_BYTES + EVENT_BYTES * max_output_tokens
        self.has_text = False
        self.has_end = False
        self.cut: Cut | None = None
        self.is_declined = False
        self.is_over = False
        self.error: BackendError | None = None
        self.refusal: bytes | None = None
        self.restarts = False
        self._meter = meter
        self._parser = SseParser()
        self._reasoning = ReasoningFilter(begins_inside=begins_inside)
        self._ends = EndFilter()
        self._choices = ChoicePicker()
        self._document: bytearray | None = None
        self._started = False
        # Whether the text arrives where it belongs: `delta` in a stream, `message` in a document.
        self._has_own = False
        self.calls = CallReader()
        self._takes_calls = takes_calls

    @property
    def began_inside(self) -> bool:
        """Whether the answer began inside the reasoning, without an opening tag."""
        return self._reasoning.began_inside

    @property
    def calls_person(self) -> bool:
        """Whether the model called the function that calls a person."""
        return ASK_PERSON in self.calls.names

    @property
    def has_answer(self) -> bool:
        """Whether there is text, or a call in place of it."""
        return self.has_text or self.calls_person or (self._takes_calls and bool(self.calls.names))

    def feed(self, chunk: bytes) -> str:
        """Return the text that this chunk completes; may be empty."""
        if not self._started and (start := chunk.removeprefix(_BOM).lstrip()):
            self._started = True
            if start.startswith((b"{", b"[")):
                self._document = bytearray()  # no stream of events begins so
                chunk = start
            elif start.startswith(b"<"):
                self._fail(BackendError("the endpoint answered with a web page", permanent=False))
                return ""
        self._left -= len(chunk)
        if self._document is not None:
            self._document += chunk
        if self._left < 0 or len(self._document or b"") > MAX_DOCUMENT_BYTES:
            reason = "the endpoint's answer is too long"
            self._fail(BackendError(reason, permanent=False, is_outage=False))
            return ""
        if self._document is None:
            return self._read_events(lambda: self._parser.feed(chunk))
        return ""

    def finish(self) -> str:
        """Return the text that was left when the connection ended."""
        self.is_over = True
        if self._document is None:
            return self._read_events(self._parser.finish)
        try:
            objects, _ = objects_in(bytes(self._document))
        except BackendError as error:
            self._fail(error)
            return ""
        text = ""
        for value in objects:
            text += self._read(value, "message")
            if self.error is not None:
                return text
        # A document is whole by itself; some endpoints leave the reason out.
        self.has_end = self.has_end or self.has_answer
        return text

    def release(self) -> str:
        """Return text that was held back and is part of the answer; nothing follows it."""
        text = self._shown(self._reasoning.finish()) + self._ends.finish()
        self.has_text = self.has_text or bool(text)
        return text

    def explain_no_text(self) -> str:
        """Return why an answer that is over has no text, for the log and for staff."""
        if self.cut == "filter":
            return "the endpoint's filter withheld the answer"
        if self.cut == "length":
            return "the model reached the maximum answer length before it wrote an answer"
        return "the endpoint's answer has no text"

    def _read_events(self, parse: Callable[[], list[bytes]]) -> str:
        pieces: list[str] = []
        try:
            for data in parse():
                if data == b"[DONE]":
                    self.has_end = self.is_over = True
                    break
                self._read_event(data, pieces)
                if self.error is not None:
                    break
        except SseError:
            self._fail(BackendError("a line of the endpoint's answer is too long", permanent=False))
        except BackendError as error:
            self._fail(error)
        return "".join(pieces)

    def _read_event(self, data: bytes, pieces: list[str]) -> None:
        try:
            objects, is_done = objects_in(data)
        except BackendError:
            if self.has_end:
                return  # whatever follows an answer that declared its end
            raise
        for value in objects:
            text = self._read(value, "delta")
            if self._reasoning.restarted:
                self._reasoning.restarted = False
                self.restarts = True
                pieces.clear()
            pieces.append(text)
            if self.error is not None:
                return
        if is_done:
            self.has_end = self.is_over = True

    def _fail(self, error: BackendError) -> None:
        self.error = error
        self.is_over = True

    def _read(self, chunk: dict[str, Any], key: str) -> str:
        usage = chunk.get("usage")
        if not usage and isinstance(extra := chunk.get("x_groq"), dict):
            usage = extra.get("usage")
        if not isinstance(usage, dict):
            return self._read_choice(chunk, key)
        try:
            return self._read_choice(chunk, key)
        finally:
            # After the text that it covers, and also if the chunk is an error.
            self._meter.reported(
                _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
            )

    def _read_choice(self, chunk: dict[str, Any], key: str) -> str:
        if is_error(chunk):
            return self._refuse(chunk)
        choice = self._choices.pick(chunk)
        if choice is None:
            return ""  # a usage chunk, a filter's findings, or a provider's own extra
        message = choice.get(key)
        if isinstance(message, dict):
            self._has_own = self._has_own or bool(message.get("content"))
        elif not self._has_own:
            # The whole answer in one event, or pieces in the field of another kind of answer.
            message = (
                choice.get("message") or choice.get("delta") or {"content": choice.get("text")}
            )
        text = self._read_message(message) if isinstance(message, dict) else ""
        end = end_of(choice.get("finish_reason"))
        if end == "error" or choice.get("error"):
            self._refuse(choice)
        elif end:
            if end != "stop":
                self.cut = end
            self.has_end = True
            self._meter.over(at_maximum=end == "length")
        return text

    def _read_message(self, message: dict[str, Any]) -> str:
        content = message.get("content")
        # Nearly every chunk is content alone.
        if len(message) > 1 or not content:
            for name in UNSHOWN:
                if isinstance(unshown := message.get(name), str) and unshown:
                    self._meter.received(unshown, is_answer=False)
            self._read_calls(message)
        if not isinstance(content, str):
            if thoughts := thoughts_of(content):
                self._meter.received(thoughts, is_answer=False)
            content = text_of(content)
        if not content:
            # A refusal is what the model says to the visitor instead of an answer.
            content = message.get("refusal")
            if not isinstance(content, str) or not content:
                return ""
            self.is_declined = True
        text = self._shown(self._reasoning.feed(content))
        self._meter.received(content, is_answer=bool(text))
        return text

    def _read_calls(self, message: dict[str, Any]) -> None:
        for arguments in self.calls.read(message):
            self._meter.received(arguments, is_answer=False)

    def _shown(self, text: str) -> str:
        if self._reasoning.restarted:
            self._ends = EndFilter()
        text = self._ends.feed(text)
        self.has_text = self.has_text or bool(text)
        return text

    def _refuse(self, document: dict[str, Any]) -> str:
        self.refusal = json.dumps(document).encode()
        reason = "the endpoint reported an error in its answer"
        self._fail(BackendError(reason, permanent=False))
        return ""


def _count(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKEN_COUNT:
        return value
    return None
