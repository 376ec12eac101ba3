"""The playground's answer, streamed to the admin page as one JSON object per line."""

import asyncio
import json
import logging
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from loquent.agents.services import (
    LoadedReply,
    Reservation,
    generate_reply,
    reserve_tokens,
    settle_tokens,
)
from loquent.agents.services.tries import record_try
from loquent.agents.types import AgentLimit, BackendError, ReplyEnd, TextDelta, TextRestart
from loquent.db.threads import in_database
from loquent.errors import ApplicationError

logger = logging.getLogger(__name__)
USED_UP = "Your organization has reached its limit for today. Try again tomorrow."


async def stream_reply(loaded: LoadedReply) -> AsyncGenerator[str, None]:
    """Yield `delta` lines, then one `end`, or an `error` with a sentence for staff.

    A `restart` withdraws the text so far. A try counts against the token budget and occupies a slot
    of the model calls, like a turn.
    Closing the generator, for example because the page was left, stops the model.
    """
    attempt = _Attempt(loaded)
    try:
        attempt.reservation = await in_database(reserve_tokens, loaded=loaded)
    except ApplicationError as error:
        yield _line(type="error", message=_limit_in_words(error))
        return
    try:
        events = generate_reply(loaded=loaded, reservation=attempt.reservation)
        async with aclosing(events):
            async for event in events:
                if isinstance(event, TextDelta):
                    attempt.has_text()
                    yield _line(type="delta", text=event.text)
                elif isinstance(event, TextRestart):
                    yield _line(type="restart")
                else:
                    attempt.end = event
        await in_database(record_try, loaded=loaded, outcome=attempt.outcome)
        yield attempt.end_line(loaded.model)
    except ApplicationError as error:
        yield _line(type="error", message=_limit_in_words(error))
    except BackendError as error:
        yield _line(type="error", message=_in_words(error, loaded))
    except Exception as error:  # noqa: BLE001 - the text could hold content
        logger.error("A playground reply failed: %s", type(error).__name__)  # noqa: TRY400
        yield _line(type="error", message="Something went wrong on our side. Please try again.")
    finally:
        # Count the used tokens even if the page was left.
        await asyncio.shield(attempt.settle())


def _limit_in_words(error: ApplicationError) -> str:
    return USED_UP if error.limit == AgentLimit.TOKENS else error.message


def _in_words(error: BackendError, loaded: LoadedReply) -> str:
    """Return what is wrong in an owner's words, and what to do about it."""
    reason = str(error).replace("the endpoint", "the AI service").replace("HTTP", "error")
    status = re.search(r"HTTP (\d+)", str(error))
    if status and status[1] in {"401", "403"}:
        reason = f"the AI service refuses the key (error {status[1]})"
    mender = (
        "Test the connection under Settings, AI models."
        if loaded.request.endpoint
        else "Ask the person who runs this server to check the AI service."
    )
    return f"The model did not answer: {reason}. {mender}"


class _Attempt:
    """What is known of an answer while it is received."""

    def __init__(self, loaded: LoadedReply) -> None:
        self.reservation: Reservation | None = None
        self.end: ReplyEnd | None = None
        self._request = loaded.request
        self._began = time.monotonic()
        self._first_ms: int | None = None

    def has_text(self) -> None:
        if self._first_ms is None:
            self._first_ms = self._elapsed_ms()

    @property
    def outcome(self) -> str:
        return (self.end or ReplyEnd()).outcome

    def end_line(self, model: str) -> str:
        end = self.end or ReplyEnd()
        return _line(
            type="end",
            model=model,
            outcome=end.outcome,
            sources=end.sources,
            retrieved=end.retrieved,
            first_token_ms=self._first_ms,
            duration_ms=self._elapsed_ms(),
            input_tokens=end.input_tokens,
            output_tokens=end.output_tokens,
            cut=end.cut,
            notes=end.notes,
            calls=[
                {"title": call.title, "request": call.reason}
                for call in self._request.calls.records
            ],
            proposal=end.proposal
            and {"title": end.proposal.title, "arguments": end.proposal.arguments},
        )

    async def settle(self) -> None:
        maximum = self._request.max_output_tokens
        counts = self._request.meter.counts(max_output_tokens=maximum)
        await in_database(settle_tokens, reservation=self.reservation, **counts)

    def _elapsed_ms(self) -> int:
        return int((time.monotonic() - self._began) * 1000)


def _line(**fields: Any) -> str:
    return json.dumps(fields, ensure_ascii=False) + "\n"
