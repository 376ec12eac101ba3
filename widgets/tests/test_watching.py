"""Staff watch a conversation live: who may, what they hear, and that visitors notice nothing."""

import dataclasses
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from unittest.mock import AsyncMock

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings

from loquent.asgi import application
from loquent.db.threads import in_database
from loquent.organizations.models import Membership
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import VisitorSocket, Visits, kinds
from widgets.chat.rooms import rooms
from widgets.chat.supervisor import supervisor
from widgets.models import WidgetConfig, WidgetSession

HERE = b"http://127.0.0.1:8000"
Watch = Callable[..., Any]


def sign_in(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


@pytest.fixture(autouse=True)
def _frequent_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the supervisor check the viewers ten times per second."""
    monkeypatch.setattr("widgets.chat.supervisor.RENEW_SECONDS", 0.1)


@pytest.fixture
async def watch(visit: Visits) -> AsyncIterator[Watch]:
    """`viewer = await watch(user, session)`: a socket of staff, its handshake done."""
    sockets: list[VisitorSocket] = []

    async def open_socket(
        user: User | None,
        session: WidgetSession,
        *,
        origin: bytes | None = HERE,
        key: str = "",
    ) -> VisitorSocket:
        headers = [(b"host", b"127.0.0.1:8000")]
        if user is not None:
            key = await in_database(sign_in, user)
        if key:
            headers.append((b"cookie", f"a=b; sessionid={key}".encode()))
        if origin is not None:
            headers.append((b"origin", origin))
        path = f"/admin/widgets/widgetsession/{session.id}/live/"
        socket = VisitorSocket(WebsocketCommunicator(application, path, headers))
        sockets.append(socket)
        await socket.connect()
        return socket

    yield open_socket
    for socket in sockets:
        await socket.leave()
    assert rooms.viewers() == []


@pytest.fixture
async def visitor(visit: Visits, widget: WidgetConfig) -> VisitorSocket:
    return await visit.opened(widget)


@pytest.fixture
async def session(visitor: VisitorSocket) -> WidgetSession:
    return await in_database(WidgetSession.objects.get)


async def test_viewer_receives_all_events(
    alice: User,
    visitor: VisitorSocket,
    session: WidgetSession,
    watch: Watch,
    scripted: ScriptedBackend,
) -> None:
    viewer = await watch(alice, session)
    assert await viewer.receive() == {"type": "live"}
    await visitor.say("Do you ship?")
    answer = await scripted.asked()
    answer.say("We ")
    first = await viewer.until("delta")
    assert kinds(first) == ["message", "typing_start", "delta"]
    assert (first[0]["role"], first[0]["content"]) == ("user", "Do you ship?")
    answer.end("do.")
    rest = await viewer.until("typing_stop")
    assert "".join(f["content"] for f in [first[-1], *rest] if f["type"] == "delta") == "We do."
    assert [f["content"] for f in rest if f["type"] == "message"] == ["We do."]


async def test_viewer_joining_during_an_answer_gets_the_text_so_far(
    bob: User,
    visitor: VisitorSocket,
    session: WidgetSession,
    watch: Watch,
    scripted: ScriptedBackend,
) -> None:
    await visitor.say("Hello")
    answer = await scripted.asked()
    answer.say("Good ")
    await visitor.until("delta")
    viewer = await watch(bob, session)
    frames = await viewer.until("delta")
    assert kinds(frames) == ["live", "typing_start", "delta"]
    assert frames[-1]["content"] == "Good "
    answer.end("day.")
    assert (await viewer.until("typing_stop"))[-2]["content"] == "Good day."


async def test_failed_turn_is_shown_without_an_error_frame(
    alice: User,
    visitor: VisitorSocket,
    session: WidgetSession,
    watch: Watch,
    scripted: ScriptedBackend,
) -> None:
    viewer = await watch(alice, session)
    await visitor.say("Hello")
    (await scripted.asked()).fail()
    assert kinds(await viewer.until("typing_stop")) == [
        "live", "message", "typing_start", "typing_stop",
    ]  # fmt: skip
    await in_database(session.refresh_from_db)
    assert session.last_answer_status == "failed"


async def test_new_conversation_is_announced_without_its_token(
    alice: User, visitor: VisitorSocket, session: WidgetSession, watch: Watch
) -> None:
    viewer = await watch(alice, session)
    await viewer.receive()
    await visitor.send({"type": "new_conversation"})
    await visitor.until("session")
    frame = await viewer.receive()
    successor = await in_database(WidgetSession.objects.exclude(id=session.id).get)
    assert frame == {"type": "replaced", "conversation": str(successor.id)}
    assert visitor.token not in json.dumps(frame)


@pytest.mark.parametrize("who", ["charlie", None])
async def test_users_without_access_are_refused(
    who: str | None,
    request: pytest.FixtureRequest,
    charlie: User,
    session: WidgetSession,
    watch: Watch,
) -> None:
    viewer = await watch(charlie if who else None, session)
    assert not viewer.accepted


async def test_stored_session_digest_opens_no_socket(
    alice: User, session: WidgetSession, watch: Watch
) -> None:
    key = await in_database(sign_in, alice)
    for row in await in_database(lambda: list(Session.objects.all())):
        assert not (await watch(None, session, key=row.session_key)).accepted
    assert (await watch(None, session, key=key)).accepted


@pytest.mark.parametrize(
    "origin",
    [None, b"null", b"https://evil.example.com", b"http://127.0.0.1:8001", b"http://127.0.0.1",
     b"http://127.0.0.1:8000@evil.example.com", b"http://[", b"\xff"],
)  # fmt: skip
async def test_cross_site_handshake_is_refused(
    origin: bytes | None, alice: User, session: WidgetSession, watch: Watch
) -> None:
    assert not (await watch(alice, session, origin=origin)).accepted


async def test_removing_the_membership_closes_the_viewer(
    bob: User, session: WidgetSession, watch: Watch
) -> None:
    viewer = await watch(bob, session)
    await in_database(Membership.objects.filter(user=bob).delete)
    assert await viewer.closed() == 4403


async def test_logging_out_closes_the_viewer(
    alice: User, session: WidgetSession, watch: Watch
) -> None:
    viewer = await watch(alice, session)
    alice.set_password("something else entirely")
    await in_database(alice.save)
    assert await viewer.closed() == 4403


async def test_failed_check_of_one_viewer_does_not_skip_the_others(
    alice: User,
    bob: User,
    session: WidgetSession,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await watch(alice, session)
    viewer = await watch(bob, session)
    first = rooms.viewers()[0]
    monkeypatch.setattr(first, "check_right", AsyncMock(side_effect=OperationalError("lost")))
    await in_database(Membership.objects.filter(user=bob).delete)
    assert await viewer.closed() == 4403


async def test_deleting_the_conversation_closes_the_viewer(
    alice: User, session: WidgetSession, watch: Watch
) -> None:
    viewer = await watch(alice, session)
    await in_database(session.delete)
    assert await viewer.closed() == 4403


async def test_frames_from_a_viewer_are_ignored(
    alice: User, visitor: VisitorSocket, session: WidgetSession, watch: Watch
) -> None:
    viewer = await watch(alice, session)
    await viewer.receive()
    for frame in ({"type": "message", "content": "I am the visitor"}, {"type": "stop"}):
        await viewer.send(frame)
    await viewer.send_raw(b"\x00" * 100)
    assert await visitor.drained() == []
    await in_database(session.refresh_from_db)
    assert session.last_seq == 0


async def test_viewers_do_not_count_as_visitor_sockets(
    alice: User,
    widget: WidgetConfig,
    visit: Visits,
    visitor: VisitorSocket,
    session: WidgetSession,
    watch: Watch,
    settings: Settings,
) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, sockets_per_session=2)
    viewers = [await watch(alice, session) for _ in range(3)]
    await visit.opened(widget, token=visitor.token)
    assert await visitor.drained() == []
    assert [kinds([await viewer.receive()]) for viewer in viewers] == [["live"]] * 3


async def test_restart_closes_viewers(alice: User, session: WidgetSession, watch: Watch) -> None:
    viewer = await watch(alice, session)
    await supervisor.drain(grace_seconds=0)
    assert await viewer.closed() == 1012


async def test_staff_handshakes_count_against_their_address(
    alice: User, session: WidgetSession, watch: Watch, settings: Settings
) -> None:
    settings.LIMITS = dataclasses.replace(
        settings.LIMITS, handshakes_burst=1, handshakes_per_minute_per_ip=1
    )
    assert await (await watch(alice, session)).receive() == {"type": "live"}
    refused = await watch(alice, session)
    assert refused.accepted
    assert await refused.closed() == 4429
