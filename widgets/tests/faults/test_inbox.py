"""The open inbox over two processes: what happens at one shows at the other."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import aiohttp
import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from loquent.testing.waiting import WAIT_SECONDS
from widgets.tests.faults.site import Site, manage
from widgets.tests.faults.visitor import Frame

pytestmark = [pytest.mark.server, pytest.mark.slow]
CLAIMS = 20
# Promised; the slowest of many may be later on a busy machine.
TYPICAL_SECONDS = 0.3
SIGN_IN = """
import json
from django.test import Client
from django.contrib.auth.models import User
from loquent.organizations.models import Membership
user = User.objects.get(username="alice@example.com")
client = Client()
client.force_login(user)
cookies = "; ".join(f"{name}={value.value}" for name, value in client.cookies.items())
print(json.dumps({"cookie": cookies, "member": str(Membership.objects.get(user=user).id)}))
"""


def sign_in(site: Site) -> dict[str, str]:
    """Return the owner's cookie and member id."""
    printed = manage("shell", "-c", SIGN_IN, DATABASE_URL=site.environment["DATABASE_URL"])
    found: dict[str, str] = json.loads(printed.splitlines()[-1])
    return found


@asynccontextmanager
async def open_inbox(site: Site, cookie: str, *, at: int) -> AsyncIterator[ClientConnection]:
    """The socket of an inbox at a process."""
    server = site.servers[at]
    async with websockets.connect(
        f"{server.socket_url}/admin/live/",
        origin=server.url,  # type: ignore[arg-type]
        additional_headers={"Cookie": cookie},
        open_timeout=WAIT_SECONDS,
    ) as socket:
        assert json.loads(await socket.recv()) == {"type": "live"}
        yield socket


Read = Callable[[], Awaitable[list[Frame]]]


async def seen(socket: ClientConnection, is_wanted: Callable[[Frame], bool], read: Read) -> Frame:
    """Return the first frame, or changed conversation, that is wanted.

    `read`: what the page does if the server says that it may have missed changes.
    """
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            frame = json.loads(await socket.recv())
            rows = await read() if frame["type"] == "reload" else frame.get("conversations", [])
            for each in (frame, *rows):
                if is_wanted(each):
                    return dict(each)


async def test_claim_shows_at_another_process_in_time() -> None:
    async with Site(processes=2) as site:
        login = await asyncio.to_thread(sign_in, site)
        headers = {"Authorization": f"Bearer {site.api_key}"}
        async with (
            open_inbox(site, login["cookie"], at=1) as inbox,
            open_inbox(site, login["cookie"], at=0) as neighbour,
            aiohttp.ClientSession(headers=headers) as client,
        ):

            async def post(session: str, action: str, body: dict[str, Any]) -> float:
                url = f"{site.servers[0].url}/api/v1/sessions/{session}/{action}/"
                async with client.post(url, json=body) as response:
                    assert response.status == 200, await response.text()
                return time.monotonic()

            async def read() -> list[Frame]:
                async with client.get(f"{site.servers[1].url}/api/v1/sessions/") as response:
                    return [
                        {
                            "id": row["id"],
                            "seq": row["message_count"],
                            "handler": row["handler"],
                            "assignee": row["assignee"] and row["assignee"]["id"],
                            "waiting": row["waiting_since"] is not None,
                        }
                        for row in (await response.json())["results"]
                    ]

            async def shown_as(is_wanted: Callable[[Frame], bool]) -> Frame:
                return await seen(inbox, is_wanted, read)

            visitor = await site.visit(at=0)
            await visitor.say("Hello?")
            told = await shown_as(lambda each: each.get("seq", 0) >= 1)
            session = told["id"]
            await visitor.until("typing_stop")
            late = []
            for number in range(CLAIMS):
                action = "release" if number % 2 else "take-over"
                handler = "team" if number % 2 else "person"
                body = {} if number % 2 else {"member": login["member"]}
                watching = asyncio.create_task(
                    shown_as(lambda each, handler=handler: each.get("handler") == handler)  # type: ignore[misc]
                )
                done_at = await post(session, action, body)
                shown = await watching
                late.append(time.monotonic() - done_at)
                expected = None if number % 2 else login["member"]
                assert (shown["id"], shown["assignee"]) == (session, expected)
            assert median(late) <= TYPICAL_SECONDS
            assert max(late) <= 10 * TYPICAL_SECONDS
            # A colleague's presence, and the visitor's next message.
            presence = {"type": "presence", "conversation": session, "state": "writing"}
            await neighbour.send(json.dumps(presence))
            frame = await shown_as(lambda each: each.get("type") == "presence")
            assert (frame["conversation"], frame["state"]) == (session, "writing")
            await visitor.say("Are you there?")
            newer = await shown_as(lambda each: each.get("seq", 0) > shown["seq"])
            assert (newer["id"], newer["waiting"]) == (session, True)
        assert "Traceback" not in site.logs()
