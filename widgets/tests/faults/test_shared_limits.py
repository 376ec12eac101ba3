"""Limits hold for all processes together, and each process goes on by itself without Redis."""

import pytest

from widgets.tests.faults.site import Site

pytestmark = [pytest.mark.server, pytest.mark.slow]
# A token comes back in a minute: later than the slowest machine has sent all.
A_MINUTE = "1"


async def test_two_processes_share_one_burst_per_visitor() -> None:
    async with Site(processes=2, RATE_LIMITS="1", LIMIT_MESSAGES_PER_MINUTE=A_MINUTE) as site:
        here = await site.visit(at=0)
        there = await site.visit(at=1, token=here.token)
        codes = []
        for number in range(8):
            visitor = (here, there)[number % 2]
            await visitor.say("Hi", f"k{number}")
            frames = await visitor.until("ack", "error")
            codes.append(frames[-1].get("code", "ack"))
            if codes[-1] == "ack":
                # Of this turn: those of the other socket's turns have come before.
                await visitor.until("typing_stop")
                await (there if visitor is here else here).until("typing_stop")
        assert codes == ["ack"] * 5 + ["rate_limited"] * 3


async def test_limits_hold_without_redis() -> None:
    async with Site(RATE_LIMITS="1", LIMIT_MESSAGES_PER_MINUTE=A_MINUTE) as site:
        visitor = await site.visit()
        site.redis.end()
        codes = []
        for number in range(8):
            await visitor.say("Hi", f"k{number}")
            frames = await visitor.until("ack", "error")
            codes.append(frames[-1].get("code", "ack"))
            if codes[-1] == "ack":
                await visitor.until("typing_stop")
        assert codes == ["ack"] * 5 + ["rate_limited"] * 3
        assert site.logs().count("this process counts rates on its own") == 1
