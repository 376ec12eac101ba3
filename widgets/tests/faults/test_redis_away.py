"""Redis goes away: the chat goes on within a process, and tabs elsewhere catch up on its return."""

import asyncio

import pytest

from widgets.tests.faults.site import Site

pytestmark = [pytest.mark.server, pytest.mark.slow]


async def test_chat_works_without_redis_and_other_processes_catch_up() -> None:
    async with Site(processes=2) as site:
        here = await site.visit(at=0)
        there = await site.visit(at=1, token=here.token)
        await here.say("One")
        await there.until("typing_stop")
        await here.until("typing_stop")
        await asyncio.to_thread(site.redis.end)
        # A proxy goes on sending visitors here.
        degraded = {"status": "degraded", "problems": ["redis"]}
        assert await site.get("/readyz") == (200, degraded)
        await here.say("Two")
        assert (await here.until("typing_stop"))[-2]["content"] == "Hello there."
        # A new visitor gets in, and chats.
        newcomer = await site.visit(at=1)
        await newcomer.say("Hi")
        await newcomer.until("typing_stop")
        await asyncio.to_thread(site.redis.start_again)
        # Nothing more is said: the tab at the other process learns of it by itself.
        frames = await there.until("typing_stop")
        shown = [frame["content"] for frame in frames if frame["type"] == "message"]
        assert shown == ["Two", "Hello there."]
        await there.say("Three")
        await there.until("typing_stop")
        frames = await here.until("typing_stop")
        assert [f["seq"] for f in frames if f["type"] == "message"] == [5, 6]
        assert (await site.get("/readyz"))[1]["status"] == "ok"
        assert "Traceback" not in site.logs()


async def test_idle_socket_survives_channel_layer_timeouts() -> None:
    async with Site(processes=2) as site:
        here = await site.visit(at=0)
        there = await site.visit(at=1, token=here.token)
        # The promise is about time: redis-py drops an idle connection after five seconds.
        await asyncio.sleep(30)
        await here.say("Still there?")
        await here.until("typing_stop")
        await there.until("typing_stop")
