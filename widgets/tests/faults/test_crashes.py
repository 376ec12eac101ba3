"""Promises 1 and 7: what is acked is durable, and a crash is never silent."""

import asyncio

import pytest

from loquent.agents.tests.endpoint_scripts import tokens
from widgets.tests.faults.site import Site
from widgets.tests.faults.visitor import Frame

pytestmark = [pytest.mark.server, pytest.mark.slow]
KILLS = 6


async def whole_conversation(site: Site, token: str, answers: int) -> list[Frame]:
    """The messages of a session once it has so many answers."""
    while True:
        visitor = await site.visit(token=token)
        assert visitor.session["resumed"] is True
        history: list[Frame] = (await visitor.receive())["messages"]
        if sum(message["role"] == "assistant" for message in history) >= answers:
            return history
        await visitor.until("message")
        await visitor.leave()


@pytest.mark.promise(1)
@pytest.mark.promise(7)
@pytest.mark.parametrize("when", ["right after the ack", "in mid-answer"])
async def test_killed_process_loses_no_message(when: str) -> None:
    async with Site() as site:
        acked: dict[str, str] = {}
        token = ""
        for number in range(KILLS):
            if when == "in mid-answer":
                # The first try is cut, the second one is whole.
                hold = asyncio.Event()
                site.endpoint.push(tokens("Half ", "never", gate=hold), tokens("Who", "le."))
            visitor = await site.visit(token=token)
            token = visitor.token
            await visitor.say(f"Message {number}", f"k{number}")
            ack = (await visitor.until("ack"))[-1]
            acked[ack["id"]] = f"Message {number}"
            if when == "in mid-answer":
                await visitor.until("delta")
            await asyncio.to_thread(site.servers[0].kill)
            site.servers[0].start_again()
            await asyncio.to_thread(site.servers[0].wait_until_ready)
            await whole_conversation(site, token, number + 1)
        history = await whole_conversation(site, token, KILLS)
        questions = {m["id"]: m["content"] for m in history if m["role"] == "user"}
        assert questions == acked
        assert [m["seq"] for m in history] == list(range(1, 2 * KILLS + 1))
        assert [m["role"] for m in history] == ["user", "assistant"] * KILLS
        if when == "in mid-answer":
            assert {m["content"] for m in history if m["role"] == "assistant"} == {"Whole."}
        assert "Traceback" not in site.logs()
