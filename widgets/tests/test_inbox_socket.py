"""Open inboxes learn of every change in their organizations, and of no other."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from rest_framework.test import APIClient

from loquent.asgi import application
from loquent.db.threads import in_database
from loquent.organizations.models import Membership, Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import SocketClosedError, VisitorSocket, Visits
from widgets.chat.events import InboxChanged, ResyncRequested
from widgets.chat.inbox.presence import INBOX
from widgets.chat.rooms import rooms
from widgets.chat.supervisor import on_remote_event
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.sessions import delete_conversations

Watch = Callable[..., Any]
HERE = b"http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def _frequent_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("widgets.chat.supervisor.RENEW_SECONDS", 0.1)


def sign_in(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


@pytest.fixture
async def watch(visit: Visits) -> AsyncIterator[Watch]:
    """`inbox = await watch(user)`: the socket of an open inbox, its handshake done."""
    sockets: list[VisitorSocket] = []

    async def open_socket(user: User | None, *, origin: bytes = HERE) -> VisitorSocket:
        headers = [(b"host", b"127.0.0.1:8000"), (b"origin", origin)]
        if user is not None:
            key = await in_database(sign_in, user)
            headers.append((b"cookie", f"sessionid={key}".encode()))
        socket = VisitorSocket(WebsocketCommunicator(application, "/admin/live/", headers))
        sockets.append(socket)
        await socket.connect()
        if socket.accepted:
            assert await socket.receive() == {"type": "live"}
        return socket

    yield open_socket
    for socket in sockets:
        await socket.leave()
    assert rooms.viewers() == []


async def changes(socket: VisitorSocket) -> list[dict[str, Any]]:
    """Return the conversations of the next frame that shows some.

    The link to Redis may come up at any time, which makes a page read everything again.
    """
    while (frame := await socket.receive())["type"] == "reload":
        pass
    assert frame["type"] == "changed"
    return list(frame["conversations"])


async def changed(socket: VisitorSocket, **wanted: Any) -> dict[str, Any]:
    """Return the first conversation that a frame shows with these values."""
    while True:
        for conversation in await changes(socket):
            if wanted.items() <= conversation.items():
                return dict(conversation)


async def test_inbox_learns_of_messages_and_transitions(
    alice: User,
    widget: WidgetConfig,
    visit: Visits,
    scripted: ScriptedBackend,
    watch: Watch,
    api: Callable[..., APIClient],
) -> None:
    inbox = await watch(alice)
    visitor = await visit.opened(widget)
    await visitor.say("Hello?")
    first = await changed(inbox, seq=1)
    assert (first["handler"], first["waiting"]) == ("agent", False)
    (await scripted.asked()).end("Hi.")
    await changed(inbox, seq=2)
    await visitor.send({"type": "ask_person"})
    wanted = await changed(inbox, handler="team")
    assert (wanted["waiting"], wanted["revision"]) == (True, 1)
    path = f"/api/v1/sessions/{first['id']}"

    def post(action: str, body: dict[str, str]) -> None:
        api(alice).post(f"{path}/{action}/", body)

    await in_database(post, "take-over", {})
    member = await in_database(lambda: str(Membership.objects.get(user=alice).id))
    await changed(inbox, handler="person", assignee=member)
    await in_database(post, "notes", {"content": "Regular."})
    noted = await changed(inbox)
    assert "Regular." not in str(noted)
    await in_database(post, "resolve", {})
    await changed(inbox, status="resolved")


async def test_inbox_shows_no_other_organization(
    alice: User,
    bob: User,
    charlie: User,
    acme: Organization,
    widget: WidgetConfig,
    visit: Visits,
    watch: Watch,
) -> None:
    stranger = await watch(charlie)
    viewer = await watch(bob)
    await (await visit.opened(widget)).say("Hello?")
    await changed(viewer, seq=1)
    elsewhere = await in_database(other_widget, charlie)
    await (await visit.opened(elsewhere)).say("And here?")
    # The first frame that the stranger gets is of their own organization.
    own = await changed(stranger)
    session = await in_database(lambda: WidgetSession.objects.get(widget=elsewhere))
    assert own["id"] == str(session.id)


def other_widget(user: User) -> WidgetConfig:
    organization = Membership.objects.select_related("organization").get(user=user).organization
    return make_widget(organization, agent=make_agent(organization))


@pytest.mark.parametrize("who", ["nobody", "another page", "no member"])
async def test_inbox_is_refused(alice: User, bob: User, watch: Watch, who: str) -> None:
    await in_database(Membership.objects.filter(user=bob).delete)
    socket = await watch(
        {"nobody": None, "another page": alice, "no member": bob}[who],
        origin=b"https://evil.example" if who == "another page" else HERE,
    )
    assert not socket.accepted


async def test_inbox_ends_with_the_login(alice: User, bob: User, watch: Watch) -> None:
    inbox = await watch(alice)
    other = await watch(bob)
    await in_database(Session.objects.all().delete)
    assert await inbox.closed() == 4403
    assert await other.closed() == 4403


async def test_inbox_follows_other_processes(
    alice: User, widget: WidgetConfig, visit: Visits, watch: Watch
) -> None:
    inbox = await watch(alice)
    await visit.opened(widget)
    session = await in_database(WidgetSession.objects.get)
    on_remote_event(INBOX, InboxChanged([str(session.id)]))
    assert (await changed(inbox))["id"] == str(session.id)
    # Another process could not send what happened: read everything again.
    on_remote_event(INBOX, ResyncRequested())
    assert await inbox.receive() == {"type": "reload"}


async def test_changes_are_gathered(
    alice: User,
    widget: WidgetConfig,
    visit: Visits,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("widgets.chat.inbox.feed.GATHER_SECONDS", 0.5)
    visitors = [await visit.opened(widget) for _ in range(3)]
    inbox = await watch(alice)
    await asyncio.gather(*(visitor.say("Hello?") for visitor in visitors))
    assert len(await changes(inbox)) == 3


async def test_inbox_learns_what_the_visitor_saw_left_and_deleted(
    alice: User, widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, watch: Watch
) -> None:
    collects = {"contact_info_mode": "optional", "collect_name": True}
    await in_database(lambda: WidgetConfig.objects.update(**collects))
    visitor = await visit.opened(widget)
    await visitor.say("Hello?")
    (await scripted.asked()).end("Hi.")
    await visitor.until("typing_stop")
    inbox = await watch(alice)
    await visitor.send({"type": "seen", "seq": 2})
    session_id = (await changed(inbox, seq=2))["id"]
    await visitor.send({"type": "contact_info", "name": "Tom", "email": None, "phone": None})
    assert (await changed(inbox, seq=2))["id"] == session_id
    await in_database(delete_conversations, sessions=WidgetSession.objects.all())
    assert await inbox.receive() == {"type": "reload"}


async def answer_frame(inbox: VisitorSocket) -> dict[str, Any]:
    """Return the next frame about an answer being written."""
    while (frame := await inbox.receive())["type"] in {"changed", "reload", "presence"}:
        pass
    return dict(frame)


async def look(inbox: VisitorSocket, session: WidgetSession, state: str = "viewing") -> None:
    frame = {"type": "presence", "conversation": str(session.id), "state": state}
    await inbox.send(frame)
    # The page's own presence is told to it as well, and after that it follows the conversation.
    await inbox.until("presence")


async def test_open_conversation_shows_the_answer_word_by_word(
    alice: User, widget: WidgetConfig, visit: Visits, scripted: ScriptedBackend, watch: Watch
) -> None:
    inbox, other = await watch(alice), await watch(alice)
    visitor, neighbour = await visit.opened(widget), await visit.opened(widget)
    await visitor.say("Hello?")
    answer = await scripted.asked()
    answer.say("Half an ")
    await visitor.until("delta")
    session = await in_database(lambda: WidgetSession.objects.get(last_seq=1))
    about = {"conversation": str(session.id)}
    await look(inbox, session)
    start = await answer_frame(inbox)
    assert {**start, **about} == start
    assert (start["type"], list(start)) == (
        "typing_start",
        ["type", "message_id", "conversation"],
    )
    delta = {"type": "delta", "message_id": start["message_id"], **about}
    assert await answer_frame(inbox) == {**delta, "offset": 0, "content": "Half an "}
    answer.say("answer")
    assert await answer_frame(inbox) == {**delta, "offset": 8, "content": "answer"}
    # Neither of a conversation that the page does not show, nor in a page that shows none.
    await neighbour.say("And I?")
    (await scripted.asked()).end("You, too.")
    await neighbour.until("typing_stop")
    answer.end(".")
    assert await answer_frame(inbox) == {**delta, "offset": 14, "content": "."}
    assert await answer_frame(inbox) == {"type": "typing_stop", **about}
    await look(inbox, session, "gone")
    await visitor.say("And now?")
    (await scripted.asked()).end("Now.")
    await visitor.until("typing_stop")
    await changed(inbox, seq=4)
    assert await until_closed(inbox) | await until_closed(other) <= {
        "changed",
        "reload",
        "presence",
    }


async def until_closed(socket: VisitorSocket) -> set[str]:
    """End all logins; return the types of the frames that the socket gets until it closes."""
    await in_database(Session.objects.all().delete)
    kinds = set()
    try:
        while True:
            kinds.add((await socket.receive())["type"])
    except SocketClosedError:
        return kinds


async def test_nobody_follows_a_conversation_of_another_organization(
    alice: User, bob: User, charlie: User, widget: WidgetConfig, visit: Visits,
    scripted: ScriptedBackend, watch: Watch,
) -> None:  # fmt: skip
    stranger, viewer = await watch(charlie), await watch(bob)
    visitor = await visit.opened(widget)
    await visitor.say("Hello?")
    answer = await scripted.asked()
    session = await in_database(WidgetSession.objects.get)
    await stranger.send({"type": "presence", "conversation": str(session.id), "state": "viewing"})
    # A viewer may look; one who leaves the organization follows no longer.
    await look(viewer, session)
    assert (await answer_frame(viewer))["type"] == "typing_start"
    await in_database(Membership.objects.filter(user=bob).delete)
    assert await viewer.closed() == 4403
    assert len(rooms.listeners_of(session.id)) == 1
    answer.end("Hi.")
    await visitor.until("typing_stop")
    assert await until_closed(stranger) <= {"reload"}
