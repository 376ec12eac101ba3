"""Promises that are about numbers: order, idempotency, caps, reconnects, over two processes."""

import asyncio
import itertools

import pytest

from widgets.tests.faults.site import Site
from widgets.tests.faults.visitor import Frame, Visitor

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.mark.promise(2)
async def test_same_key_sent_twenty_times_over_five_sockets_is_one_message() -> None:
    async with Site(processes=2) as site:
        await site.call("PATCH", f"widgets/{site.widget['id']}/", {"daily_message_cap": 10})
        first = await site.visit()
        sockets = [first, *[await site.visit(at=n % 2, token=first.token) for n in range(4)]]
        for _, socket in itertools.product(range(4), sockets):
            await socket.say("Hi", "same")
        acks: list[Frame] = []
        for socket in sockets:
            found: list[Frame] = []
            while sum(frame["type"] == "ack" for frame in found) < 4:
                found.append(await socket.receive())
            acks += [frame for frame in found if frame["type"] == "ack"]
        assert len(acks) == 20
        assert all(ack == acks[0] for ack in acks)
        again = await site.visit(token=first.token)
        messages = (await again.receive())["messages"]
        while len(messages) < 2:
            messages += [f for f in await again.until("message") if f["type"] == "message"]
        assert [m["role"] for m in messages] == ["user", "assistant"]
        assert len(site.endpoint.requests) == 1
        # One unit of the cap is used: nine more are accepted, the tenth is not.
        for number in range(9):
            await again.say("More", f"more{number}")
            await again.until("typing_stop")
        await again.say("More", "tooMany")
        assert (await again.until("error"))[-1]["code"] == "daily_cap_reached"


@pytest.mark.promise(3)
@pytest.mark.promise(4)
async def test_three_tabs_send_and_reconnect_and_agree_with_the_history() -> None:
    rounds = 17
    async with Site(processes=2) as site:
        first = await site.visit()
        token = first.token
        tabs = [first, *[await site.visit(at=n % 2, token=token) for n in (1, 2)]]
        shown: list[dict[int, str]] = [{}, {}, {}]

        def note(tab: int, frames: list[Frame]) -> None:
            for frame in frames:
                for message in frame.get("messages", [frame]):
                    if message["type" if "type" in message else "role"] == "ack":
                        shown[tab][message["seq"]] = message["id"]
                    elif message.get("role"):
                        earlier = shown[tab].setdefault(message["seq"], message["id"])
                        assert earlier == message["id"]

        async def acked(tab: int, key: str) -> None:
            while True:
                await tabs[tab].say(f"Message {key}", key)
                frames = await tabs[tab].until("ack", "error")
                note(tab, frames)
                if frames[-1].get("client_message_id") == key and frames[-1]["type"] == "ack":
                    return

        for number in range(rounds):
            await asyncio.gather(*(acked(tab, f"t{tab}-{number}") for tab in range(3)))
            who = number % 3
            await tabs[who].leave()
            tabs[who] = await site.visit(at=number % 2, token=token)
            note(who, [await tabs[who].receive()])
        everything: list[Frame] = []
        while len(everything) < 6 * rounds:
            last = await site.visit(token=token)
            everything = await whole_history(last, token, site)
            await last.leave()
        assert [m["seq"] for m in everything] == list(range(1, 6 * rounds + 1))
        truth = {m["seq"]: m["id"] for m in everything}
        for tab in range(3):
            assert shown[tab].items() <= truth.items()


async def whole_history(visitor: Visitor, token: str, site: Site) -> list[Frame]:
    """Every message of the session, by the REST API, which pages."""
    sessions = (await site.call("GET", "sessions/"))["results"]
    assert len(sessions) == 1
    messages: list[Frame] = []
    path = f"sessions/{sessions[0]['id']}/messages/"
    while path:
        page = await site.call("GET", path)
        messages += page["results"]
        path = page["next"].partition("/api/v1/")[2] if page["next"] else ""
    return messages


@pytest.mark.promise(4)
async def test_constantly_reconnecting_client_misses_nothing() -> None:
    reconnects = 150
    async with Site(processes=2) as site:
        writer = await site.visit()
        stop = asyncio.Event()
        sent = 0

        async def write() -> None:
            nonlocal sent
            while not stop.is_set():
                await writer.say(f"{sent}", f"w{sent}")
                await writer.until("typing_stop")
                sent += 1

        writing = asyncio.create_task(write())
        seen: set[int] = set()
        for number in range(reconnects):
            query = f"?last_seq={max(seen)}" if seen else ""
            reader = await site.visit(at=number % 2, token=writer.token, query=query)
            await reader.send({"type": "ping"})
            for frame in await reader.until("pong"):
                for message in frame.get("messages", [frame]):
                    if "seq" in message:
                        assert message["seq"] not in seen
                        seen.add(message["seq"])
            assert seen == set(range(1, len(seen) + 1))
            await reader.leave()
        stop.set()
        await writing
        assert sent > 0


@pytest.mark.promise(9)
async def test_cap_of_37_accepts_exactly_37() -> None:
    async with Site(processes=2) as site:
        await site.call("PATCH", f"widgets/{site.widget['id']}/", {"daily_message_cap": 37})
        visitors = [await site.visit(at=number % 2) for number in range(100)]
        outcomes: list[str] = []

        async def send_five(visitor: Visitor) -> None:
            for number in range(5):
                await visitor.say("Hi", f"k{number}")
                frame = (await visitor.until("ack", "error"))[-1]
                outcomes.append(frame.get("code", "ack"))

        await asyncio.gather(*(send_five(visitor) for visitor in visitors))
        assert len(outcomes) == 500
        assert outcomes.count("ack") == 37
        assert set(outcomes) == {"ack", "daily_cap_reached"}


@pytest.mark.promise(15)
@pytest.mark.parametrize("change", ["disabled", "reset", "deleted", "origin removed"])
async def test_revocation_reaches_every_process(change: str) -> None:
    async with Site(processes=2) as site:
        path = f"widgets/{site.widget['id']}/"
        visitors = [await site.visit(at=number % 2) for number in range(4)]
        if change == "disabled":
            await site.call("PATCH", path, {"enabled": False})
        elif change == "reset":
            await site.call("POST", f"{path}reset-widget-id/")
        elif change == "deleted":
            await site.call("DELETE", path)
        else:
            await site.call("PATCH", path, {"allowed_origins": ["https://a.example"]})
        async with asyncio.timeout(15):  # five seconds are promised
            codes = await asyncio.gather(*(visitor.closed() for visitor in visitors))
        assert set(codes) == {4404 if change in {"reset", "deleted"} else 4403}
