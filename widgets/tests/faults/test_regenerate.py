"""An answer that is written anew, when a process or Redis goes away in the middle of it."""

import asyncio

import pytest

from loquent.agents.tests.endpoint_scripts import tokens
from widgets.tests.faults.site import Site
from widgets.tests.faults.visitor import Frame, Visitor

pytestmark = [pytest.mark.server, pytest.mark.slow]


async def first_answer(site: Site) -> tuple[Visitor, Frame]:
    """A visitor at the first process, and the answer that is to be written anew."""
    visitor = await site.visit()
    await visitor.say("Hi")
    return visitor, (await visitor.until("typing_stop"))[-2]


async def history(site: Site, token: str, *, at: int) -> list[Frame]:
    messages: list[Frame] = (await (await site.visit(at=at, token=token)).receive())["messages"]
    return messages


@pytest.mark.promise(7)
async def test_killed_process_does_not_lose_a_regeneration() -> None:
    async with Site(processes=2) as site:
        here, first = await first_answer(site)
        there = await site.visit(at=1, token=here.token)
        await there.receive()
        site.endpoint.push(tokens("Half ", "never", gate=asyncio.Event()), tokens("Who", "le."))
        await here.send({"type": "regenerate", "message_id": first["id"]})
        await here.until("delta")
        await there.until("typing_start")
        held = await history(site, here.token, at=1)
        assert [message["id"] for message in held[1:]] == [first["id"]]
        await asyncio.to_thread(site.servers[0].kill)
        frames = await there.until("message")
        assert [f["type"] for f in frames if f["type"] != "delta"] == [
            "typing_stop",
            "typing_start",
            "message",
        ]
        assert (frames[-1]["seq"], frames[-1]["content"]) == (first["seq"], "Whole.")
        await there.until("typing_stop")
        now = await history(site, here.token, at=1)
        assert [(m["seq"], m["content"]) for m in now] == [(1, "Hi"), (2, "Whole.")]
        assert "Traceback" not in site.logs()


async def test_regeneration_works_during_a_redis_outage() -> None:
    async with Site(processes=2) as site:
        here, first = await first_answer(site)
        there = await site.visit(at=1, token=here.token)
        await there.receive()
        await asyncio.to_thread(site.redis.end)
        site.endpoint.push(tokens("Sec", "ond."))
        await here.send({"type": "regenerate", "message_id": first["id"]})
        second = (await here.until("typing_stop"))[-2]
        assert (second["seq"], second["content"]) == (first["seq"], "Second.")
        await asyncio.to_thread(site.redis.start_again)
        # Nothing more is said: the tab at the other process learns of it by itself.
        assert (await there.until("typing_stop"))[-2] == second
