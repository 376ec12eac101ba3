"""Reads what a chat-completions endpoint writes. Pure; believes nothing that it reads."""

import json
from collections.abc import Callable
from typing import Any

from loquent.agents.backends.openai_chat.sse import SseError, SseParser
from loquent.agents.metering import TokenMeter
from loquent.agents.types import BackendError

MAX_DOCUMENT_BYTES = 4_194_304
MAX_TOKEN_COUNT = 2_147_483_647  # what a database column holds
# Fields with text that the model wrote, and is charged for, but that is not part of the answer.
UNSHOWN = ("reasoning_content", "reasoning", "refusal")


class AnswerReader:
    """Takes the bytes of an answer and gives its text.

    `has_end`: the answer said that it is whole. `is_over`: nothing more is to be read. `error`:
    why the answer is a failure; the text before it counts all the same. Takes a stream of events,
    and also the one JSON document of an endpoint that ignores `stream`. `meter` records the
    text and the counts.
    """

    def __init__(self, meter: TokenMeter) -> None:
        self.has_text = False
        self.has_end = False
        self.is_over = False
        self.error: BackendError | None = None
        self._meter = meter
        self._parser = SseParser()
        self._document: bytearray | None = None
        self._started = False

    def feed(self, chunk: bytes) -> str:
        """Return the text that this chunk completes; may be empty."""
        if not self._started and chunk.strip():
            self._started = True
            if chunk.lstrip().startswith((b"{", b"[")):
                self._document = bytearray()  # no stream of events begins so
        if self._document is None:
            return self._read_events(lambda: self._parser.feed(chunk))
        self._document += chunk
        if len(self._document) > MAX_DOCUMENT_BYTES:
            error = BackendError(
                "the endpoint's answer is too long", permanent=False, is_outage=False
            )
            self._fail(error)
        return ""

    def finish(self) -> str:
        """Return the text that was left when the connection ended."""
        self.is_over = True
        if self._document is None:
            return self._read_events(self._parser.finish)
        try:
            text = self._read(load_object(bytes(self._document)), "message")
        except BackendError as error:
            self._fail(error)
            return ""
        # A document is whole by itself; some endpoints leave the reason out.
        self.has_end = self.has_end or self.has_text
        return text

    def _read_events(self, parse: Callable[[], list[bytes]]) -> str:
        pieces: list[str] = []
        try:
            for data in parse():
                if data.strip() == b"[DONE]":
                    self.has_end = self.is_over = True
                    break
                pieces.append(self._read(load_object(data), "delta"))
        except SseError:
            self._fail(BackendError("the endpoint's answer has too long a line", permanent=False))
        except BackendError as error:
            self._fail(error)
        return "".join(pieces)

    def _fail(self, error: BackendError) -> None:
        self.error = error
        self.is_over = True

    def _read(self, chunk: dict[str, Any], key: str) -> str:
        usage = chunk.get("usage")
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
        if chunk.get("error"):
            raise BackendError("the endpoint reported an error in its answer", permanent=False)
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not choices:
            return ""  # a usage chunk, or a provider's own extra
        choice = choices[0]
        if not isinstance(choice, dict):
            raise BackendError("the endpoint's answer has another shape", permanent=False)
        if reason := choice.get("finish_reason"):
            self.has_end = True
            self._meter.over(at_maximum=reason == "length")
        message = choice.get(key)
        if not isinstance(message, dict):
            return ""
        content = message.get("content")
        # Nearly every chunk is content alone.
        if len(message) > 1 or not content:
            for name in UNSHOWN:
                if isinstance(unshown := message.get(name), str) and unshown:
                    self._meter.received(unshown, is_answer=False)
        if not isinstance(content, str) or not content:
            return ""
        self._meter.received(content)
        self.has_text = True
        return content


def load_object(data: bytes) -> dict[str, Any]:
    """Return a JSON object; raise BackendError for anything else, however malformed."""
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        # `from None`: the cause's text holds what the endpoint wrote.
        raise BackendError("the endpoint's answer is no JSON", permanent=False) from None
    if not isinstance(value, dict):
        raise BackendError("the endpoint's answer has another shape", permanent=False)
    return value


def _count(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKEN_COUNT:
        return value
    return None
