"""Changes that visitors confirm, over two processes that are killed: promise 26."""

import asyncio
import threading
from collections import Counter

import pytest

from loquent.agents.tests.endpoint_scripts import calls
from loquent.agents.tests.exchange import Script
from loquent.testing.receiver import Received, Receiver
from widgets.tests.faults.site import Site
from widgets.tests.faults.visitor import Frame, Visitor

pytestmark = [pytest.mark.server, pytest.mark.slow]
KILLS = 3
ALLOWED = {"ACTIONS_ALLOWED_NETWORKS": "127.0.0.0/8", "ACTIONS_ALLOW_HTTP": "1"}


def cancels(number: int) -> Script:
    return calls(("cancel_order", {"number": str(number)}))


async def add_action(site: Site, shop: Receiver) -> None:
    agent = site.widget["text_agent_id"]
    await site.call(
        "POST",
        f"agents/{agent}/actions/",
        {
            "name": "cancel_order", "title": "Cancel order", "method": "POST", "risk": "write",
            "url": f"http://127.0.0.1:{shop.port}/orders/{{number}}/cancel",
            "parameters": [{"name": "number"}],
        },
    )  # fmt: skip


async def proposed(site: Site, number: int, token: str = "") -> tuple[Visitor, Frame]:
    site.endpoint.push(cancels(number))
    visitor = await site.visit(token=token)
    await visitor.say(f"Cancel order {number}", f"k{number}")
    message = (await visitor.until("message"))[-1]
    await visitor.until("typing_stop")
    assert message["action"]["status"] == "waiting"
    return visitor, message


def confirmation(message: Frame) -> Frame:
    return {"type": "action", "id": message["action"]["id"], "confirm": True}


@pytest.mark.promise(26)
async def test_confirmation_over_two_processes_and_many_tabs_is_carried_out_once() -> None:
    with Receiver() as shop:
        shop.reply = lambda request: (200, {}, b"{}")
        async with Site(processes=2, **ALLOWED) as site:
            await add_action(site, shop)
            for number in range(5):
                visitor, message = await proposed(site, number)
                tabs = [visitor] + [
                    await site.visit(token=visitor.token, at=at) for at in (0, 1, 1)
                ]
                for tab in tabs[1:]:
                    await tab.until("history")
                clicks = [tab.send(confirmation(message)) for tab in tabs for _ in range(3)]
                await asyncio.gather(*clicks)
                for tab in tabs:
                    frames = await tab.until("typing_stop")
                    told = [f["content"] for f in frames if f["type"] == "message"]
                    assert told[-1] == "Done: Cancel order."
            paths = Counter(request.path for request in shop.requests)
            assert paths == {f"/orders/{number}/cancel": 1 for number in range(5)}


@pytest.mark.promise(26)
async def test_process_killed_during_the_call_never_repeats_it() -> None:
    release = threading.Event()

    def hang(request: Received) -> tuple[int, dict[str, str], bytes]:
        release.wait(60)
        return 200, {}, b"{}"

    with Receiver() as shop:
        shop.reply = hang
        # Without Redis there is one process, so that a restart settles what it left at once.
        async with Site(processes=1, REDIS_URL="", **ALLOWED) as site:
            await add_action(site, shop)
            token = ""
            for number in range(KILLS):
                visitor, message = await proposed(site, number, token)
                token = visitor.token
                await visitor.send(confirmation(message))
                await asyncio.to_thread(wait_for, shop, number + 1)
                await asyncio.to_thread(site.servers[0].kill)
                site.servers[0].start_again()
                await asyncio.to_thread(site.servers[0].wait_until_ready)
                again = await site.visit(token=token)
                history = (await again.until("history"))[-1]["messages"]
                if len(history) < 3 * (number + 1):
                    history.append((await again.until("message"))[-1])
                await again.leave()
                assert history[-2]["action"]["status"] == "confirmed"
                assert history[-1]["content"].startswith(
                    "Cancel order: I don't know whether this worked."
                )
            assert Counter(request.path for request in shop.requests) == {
                f"/orders/{number}/cancel": 1 for number in range(KILLS)
            }
            release.set()
            assert "Traceback" not in site.logs()


def wait_for(shop: Receiver, count: int) -> None:
    deadline = threading.Event()
    for _ in range(400):
        if len(shop.requests) >= count:
            return
        deadline.wait(0.05)
    raise AssertionError("The call did not arrive.")
