"""People answer, over two processes that crash and without Redis: promises 19 to 22."""

import asyncio
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import aiohttp
import pytest
import websockets

from loquent.agents.tests.exchange import Exchange
from widgets.tests.faults.site import Site, manage
from widgets.tests.faults.visitor import Frame, Visitor

pytestmark = [pytest.mark.server, pytest.mark.slow]
# Promised is one second; the test's machine may be busy.
LATEST_SECONDS = 2.0
AT_ONCE = 40
MAKE_MEMBERS = """
import json
from django.contrib.auth.models import User
from loquent.organizations.models import Membership, Organization
members = []
for number in range({count}):
    user = User(username=f"m{{number}}@example.com", first_name=f"Member {{number}}", is_staff=True)
    user.set_unusable_password()
    user.save()
    of = Organization.objects.get()
    members.append(Membership.objects.create(user=user, organization=of, role="operator"))
print(json.dumps([str(member.id) for member in members]))
"""


async def endless(exchange: Exchange) -> None:
    """An answer that goes on until the server closes the connection."""
    await exchange.start_stream()
    while not exchange.request.client_closed.is_set():
        await exchange.token("word ")
        await asyncio.sleep(0.1)


class Office:
    """The members of a site, who call it at any of its processes with an API key."""

    def __init__(self, site: Site, members: Sequence[str], client: aiohttp.ClientSession) -> None:
        self.site = site
        self.members = members
        self._client = client
        self._keys = itertools.count()
        # More connections to the database at once take a busy machine too long.
        self._calls = asyncio.Semaphore(16)

    async def post(
        self, session: str, action: str, body: dict[str, Any], *, at: int = 0
    ) -> tuple[int, Any]:
        """Return the status and JSON of an action."""
        url = f"{self.site.servers[at].url}/api/v1/sessions/{session}/{action}/"
        async with self._calls, self._client.post(url, json=body) as response:
            return response.status, await response.json()

    async def get(self, path: str) -> Any:
        """Return the JSON of an address, as soon as the server has time for it."""
        while True:
            url = f"{self.site.servers[0].url}/api/v1/{path}"
            async with self._calls, self._client.get(url) as response:
                if response.status != 503:
                    assert response.status == 200, await response.text()
                    return await response.json()
            await asyncio.sleep(0.2)

    async def sessions(self) -> dict[str, str]:
        """Return the id of each session by its first message."""
        url = f"{self.site.servers[0].url}/api/v1/sessions/export/"
        async with self._client.get(url) as response:
            rows = [json.loads(line) async for line in response.content]
        return {row["messages"][0]["content"]: row["id"] for row in rows if row["messages"]}

    async def answering(self, count: int, *, at: Sequence[int]) -> list[tuple[Visitor, str]]:
        """Return visitors who read a growing answer, each with the id of the conversation."""
        numbers = [next(self._keys) for _ in range(count)]
        visitors = await asyncio.gather(
            *(self.site.visit(at=at[number % len(at)]) for number in numbers)
        )
        for visitor, number in zip(visitors, numbers, strict=True):
            await visitor.say(f"Question {number}", f"q{number}")
        await asyncio.gather(*(visitor.until("delta") for visitor in visitors))
        ids = await self.sessions()
        return [
            (visitor, ids[f"Question {number}"])
            for visitor, number in zip(visitors, numbers, strict=True)
        ]


@pytest.fixture
async def client() -> Any:
    # A server may close a connection just as it is used again.
    connector = aiohttp.TCPConnector(force_close=True)
    timeout = aiohttp.ClientTimeout(60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield session


def hire(site: Site, client: aiohttp.ClientSession, count: int) -> Office:
    code = MAKE_MEMBERS.format(count=count)
    made = manage("shell", "-c", code, DATABASE_URL=site.environment["DATABASE_URL"])
    client.headers["Authorization"] = f"Bearer {site.api_key}"
    return Office(site, json.loads(made.splitlines()[-1]), client)


async def take_over(office: Office, visitor: Visitor, session: str, *, at: int) -> float:
    """Take over; return how much later than the response the agent's last words arrived."""
    heard: list[float] = []

    async def listen() -> None:
        # Until the process that serves it dies.
        with suppress(websockets.ConnectionClosed):
            await note()

    async def note() -> None:
        while True:
            frame = await visitor.receive()
            is_agent = frame.get("kind") == "text" and frame.get("role") == "assistant"
            if frame["type"] == "delta" or is_agent:
                heard.append(time.monotonic())

    listening = asyncio.create_task(listen())
    member = random.choice(office.members)
    status, body = await office.post(session, "take-over", {"member": member}, at=at)
    taken_at = time.monotonic()
    assert status == 200, body
    assert body["handler"] == "person"
    before = await office.get(f"sessions/{session}/messages/")
    await asyncio.sleep(LATEST_SECONDS + 0.5)
    listening.cancel()
    # What was written at the response is all that the agent ever writes.
    after = await office.get(f"sessions/{session}/messages/")
    assert after == before
    answers = [row for row in after["results"] if row["role"] == "assistant"]
    assert [row["kind"] for row in answers][-1] == "notice"
    assert [row["status"] for row in answers[:-1]] in ([], ["stopped"])
    return max([at - taken_at for at in heard], default=0.0)


@pytest.mark.promise(19)
async def test_no_text_of_the_agent_follows_a_take_over(client: aiohttp.ClientSession) -> None:
    async with Site(processes=2) as site:
        site.endpoint.by_model["tokens"] = endless
        office = await asyncio.to_thread(hire, site, client, 4)

        async def take(chats: list[tuple[Visitor, str]], at: Sequence[int]) -> None:
            late = await asyncio.gather(
                *(
                    take_over(office, visitor, session, at=at[number % len(at)])
                    for number, (visitor, session) in enumerate(chats)
                )
            )
            assert max(late) < LATEST_SECONDS
            await asyncio.gather(*(visitor.leave() for visitor, _ in chats))

        for _ in range(3):
            # Half of them at the process that writes the answer.
            await take(await office.answering(AT_ONCE, at=(0, 1)), at=(0, 0, 1, 1))
        # Without Redis the hint is lost.
        chats = await office.answering(AT_ONCE, at=(0, 1))
        await asyncio.to_thread(site.redis.end)
        await take(chats, at=(1, 0))
        await asyncio.to_thread(site.redis.start_again)
        await asyncio.to_thread(site.redis.wait_until_ready)
        # A killed process writes nothing any more, though its turns seem to run.
        chats = await office.answering(AT_ONCE, at=(1,))
        await asyncio.to_thread(site.servers[1].kill)
        await take(chats, at=(0,))
        assert "Traceback" not in site.logs()


@pytest.mark.promise(20)
@pytest.mark.promise(21)
async def test_one_of_many_members_has_each_conversation(client: aiohttp.ClientSession) -> None:
    async with Site(processes=2) as site:
        office = await asyncio.to_thread(hire, site, client, 24)
        chats = await office.answering(10, at=(0, 1))

        async def claim(number: int, session: str) -> tuple[str, int, Any]:
            member = office.members[number]
            body = {"member": member, "content": "Hello", "client_message_id": "once"}
            action = "reply" if number % 3 == 0 else "take-over"
            return member, *(await office.post(session, action, body, at=number % 2))

        for _, session in chats:
            results = await asyncio.gather(*(claim(number, session) for number in range(24)))
            [winner] = [member for member, status, _ in results if status in (200, 201)]
            losers = [body for _, status, body in results if status == 409]
            assert len(losers) == 23
            assert {body["code"] for body in losers} == {"taken"}
            assert {body["assignee"]["id"] for body in losers} == {winner}
            found = await office.get(f"sessions/{session}/")
            assert found["assignee"]["id"] == winner
            events = await office.get(f"sessions/{session}/events/")
            assert Counter(row["kind"] for row in events["results"])["taken_over"] == 1
            # The same message many times, to both processes.
            body = {"member": winner, "content": "Hello", "client_message_id": "twice"}
            sent = await asyncio.gather(
                *(office.post(session, "reply", body, at=number % 2) for number in range(6))
            )
            assert Counter(status for status, _ in sent)[201] == 1
            assert len({message["id"] for _, message in sent}) == 1
            rows = (await office.get(f"sessions/{session}/messages/?role=staff"))["results"]
            assert [row["client_message_id"] for row in rows].count("twice") == 1
            assert sum(row["client_message_id"] == "once" for row in rows) <= 1
        assert "Traceback" not in site.logs()


def at(frame: Frame) -> datetime:
    return datetime.fromisoformat(frame["created_at"])


@pytest.mark.promise(22)
async def test_waiting_visitors_hear_something_in_time_and_after_a_restart(
    client: aiohttp.ClientSession,
) -> None:
    seconds = 3
    async with Site(processes=2, LIMIT_HANDOFF_W1_SECONDS=str(seconds)) as site:
        office = await asyncio.to_thread(hire, site, client, 1)

        async def ask() -> tuple[Visitor, Frame]:
            visitor = await site.visit()
            await visitor.say("Hello")
            await visitor.until("typing_stop")
            await visitor.send({"type": "ask_person"})
            return visitor, (await visitor.until("message"))[-1]

        visitors = await asyncio.gather(*(ask() for _ in range(10)))
        for visitor, asked in visitors:
            told = (await visitor.until("message"))[-1]
            assert told["kind"] == "notice"
            waited = (at(told) - at(asked)).total_seconds()
            assert seconds - 0.1 <= waited <= seconds + 2 * LATEST_SECONDS
        # Everything crashes while visitors wait.
        visitors = await asyncio.gather(*(ask() for _ in range(10)))
        for server in site.servers:
            await asyncio.to_thread(server.kill)
        await asyncio.to_thread(site.redis.end)
        await asyncio.to_thread(site.redis.start_again)
        await asyncio.to_thread(site.redis.wait_until_ready)
        for server in site.servers:
            server.start_again()
        for server in site.servers:
            await asyncio.to_thread(server.wait_until_ready)
        ready_at = time.time()
        for visitor, asked in visitors:
            again = await site.visit(at=1, token=visitor.token)
            lines = [line for line in (await again.receive())["messages"] if line["seq"] > 3]
            if not lines:
                lines = [(await again.until("message"))[-1]]
            assert [line["kind"] for line in lines] == ["notice"]
            latest = max(at(asked).timestamp() + seconds, ready_at) + 2 * LATEST_SECONDS
            assert at(lines[0]).timestamp() <= latest
        # Each once, though both processes look for them.
        await asyncio.sleep(1.5)
        events = Counter[str]()
        for session in (await office.get("sessions/"))["results"]:
            rows = (await office.get(f"sessions/{session['id']}/events/"))["results"]
            events.update(row["kind"] for row in rows)
        assert events == {"asked": 20, "delayed": 20}
        assert "Traceback" not in site.logs()
