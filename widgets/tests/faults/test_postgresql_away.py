"""PostgreSQL goes away: one clear error, the socket stays, and all works again by itself."""

import asyncio
import signal
import time
from typing import Any

import pytest

from loquent.agents.tests.endpoint_scripts import tokens
from widgets.tests.faults.site import Site

pytestmark = [pytest.mark.server, pytest.mark.slow]
# Three seconds are promised; the machine may be busy.
PATIENCE_SECONDS = 10


@pytest.mark.parametrize("how", ["stopped", "frozen"])
async def test_chat_reports_an_error_and_recovers(how: str) -> None:
    async with Site(processes=1) as site:
        visitor = await site.visit()
        await visitor.say("One", "k1")
        await visitor.until("typing_stop")
        if how == "stopped":
            site.postgresql.end()
        else:
            site.postgresql.signal_all(signal.SIGSTOP)
        began = time.monotonic()
        # Where the visitor goes is no matter of theirs: the error is about the message.
        await visitor.send({"type": "page", "url": "https://shop.example.com/cart"})
        await visitor.say("Two", "k2")
        error = (await visitor.until("error"))[-1]
        assert (error["code"], error["client_message_id"]) == ("internal", "k2")
        assert time.monotonic() - began < PATIENCE_SECONDS
        status, body = await site.get("/readyz")
        assert (status, body["problems"]) == (503, ["database"])
        await visitor.send({"type": "ping"})
        assert (await visitor.receive())["type"] == "pong"
        if how == "stopped":
            site.postgresql.start_again()
        else:
            site.postgresql.signal_all(signal.SIGCONT)
        # As the widget's outbox does: the same message with its key, until it is acked.
        frames: list[dict[str, Any]] = [{"type": "error"}]
        while frames[-1]["type"] == "error":
            await visitor.say("Two", "k2")
            frames = await visitor.until("ack", "error")
        assert frames[-1]["seq"] == 3
        frames = await visitor.until("typing_stop")
        assert frames[-2]["content"] == "Hello there."
        again = await site.visit(token=visitor.token)
        history = await again.receive()
        assert [m["seq"] for m in history["messages"]] == [1, 2, 3, 4]
        assert (await site.get("/readyz"))[0] == 200
        assert "Traceback" not in site.logs()


async def test_answer_finished_during_the_outage_is_written_afterwards() -> None:
    gate = asyncio.Event()
    async with Site(processes=1) as site:
        site.endpoint.push(tokens("Half ", "an answer.", gate=gate))
        visitor = await site.visit()
        await visitor.say("Hi")
        await visitor.until("delta")
        site.postgresql.end()
        gate.set()
        await visitor.until("delta")
        site.postgresql.start_again()
        frames = await visitor.until("typing_stop")
        assert frames[-2]["content"] == "Half an answer."
        assert len(site.endpoint.requests) == 1
