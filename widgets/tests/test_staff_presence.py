"""Colleagues see who looks at a conversation; the visitor sees only that a person writes."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from loquent.asgi import application
from loquent.db.threads import in_database
from loquent.organizations.models import Membership, Organization, Role
from loquent.testing.people import make_member, make_widget
from loquent.testing.sockets import VisitorSocket, Visits
from widgets.chat.inbox.presence import parse_staff_frame
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.sessions import create_widget_session

Api = Callable[..., APIClient]
Watch = Callable[..., Any]


@pytest.fixture
def ana(acme: Organization, transactional_db: None) -> User:
    return make_member(acme, "ana", Role.OPERATOR)


@pytest.fixture
def ben(acme: Organization, transactional_db: None) -> User:
    return make_member(acme, "ben", Role.OPERATOR)


def sign_in(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


@pytest.fixture
async def watch(visit: Visits) -> AsyncIterator[Watch]:
    """`viewer = await watch(user)`: a staff socket of the only conversation, or of the inbox."""
    sockets: list[VisitorSocket] = []

    async def open_socket(user: User, *, inbox: bool = False) -> VisitorSocket:
        key = await in_database(sign_in, user)
        headers = [
            (b"host", b"127.0.0.1:8000"),
            (b"origin", b"http://127.0.0.1:8000"),
            (b"cookie", f"sessionid={key}".encode()),
        ]
        session = await in_database(WidgetSession.objects.get)
        path = f"/admin/widgets/widgetsession/{session.id}/live/"
        path = "/admin/live/" if inbox else path
        socket = VisitorSocket(WebsocketCommunicator(application, path, headers))
        sockets.append(socket)
        await socket.connect()
        await socket.until("live")
        return socket

    yield open_socket
    for socket in sockets:
        await socket.leave()


async def tell(socket: VisitorSocket, state: str) -> None:
    session = await in_database(WidgetSession.objects.get)
    await socket.send({"type": "presence", "conversation": str(session.id), "state": state})


async def presence(socket: VisitorSocket) -> tuple[str, str]:
    frame = (await socket.until("presence"))[-1]
    return frame["member"]["name"], frame["state"]


@pytest.fixture
async def visitor(visit: Visits, widget: WidgetConfig) -> VisitorSocket:
    socket = await visit.opened(widget)
    socket.shows_conversation = True
    return socket


async def take_over(api: Api, user: User) -> None:
    session = await in_database(WidgetSession.objects.get)
    path = f"/api/v1/sessions/{session.id}/take-over/"
    assert (await in_database(lambda: api(user).post(path, {}))).status_code == 200


async def test_visitor_sees_a_person_write_and_stop(
    visitor: VisitorSocket, watch: Watch, api: Api, ana: User, ben: User
) -> None:
    writer, colleague = await watch(ana), await watch(ben)
    await take_over(api, ana)
    await tell(writer, "viewing")
    assert await presence(colleague) == ("ana", "viewing")
    await tell(writer, "writing")
    assert (await visitor.until("staff_typing"))[-1] == {
        "type": "staff_typing",
        "name": "ana",
        "on": True,
    }
    assert await presence(colleague) == ("ana", "writing")
    await tell(writer, "noting")
    assert (await visitor.until("staff_typing"))[-1]["on"] is False
    assert await presence(colleague) == ("ana", "noting")
    await tell(writer, "noting")
    await tell(writer, "idle")
    assert [await presence(colleague) for _ in range(2)] == [("ana", "noting"), ("ana", "idle")]
    assert [frame["type"] for frame in await visitor.drained()] == []
    await tell(writer, "writing")
    await visitor.until("staff_typing")
    await writer.leave()
    assert (await visitor.until("staff_typing"))[-1]["on"] is False
    assert [await presence(colleague) for _ in range(2)] == [("ana", "writing"), ("ana", "gone")]


async def test_inboxes_of_the_organization_show_who_is_where(
    visitor: VisitorSocket,
    watch: Watch,
    api: Api,
    acme: Organization,
    globex: Organization,
    ana: User,
    ben: User,
    charlie: User,
) -> None:
    writer, colleague = [await watch(user, inbox=True) for user in (ana, ben)]
    page = await watch(ben)
    foreign = await watch(charlie, inbox=True)
    await take_over(api, ana)
    await tell(writer, "writing")
    assert (await visitor.until("staff_typing"))[-1]["name"] == "ana"
    assert await presence(colleague) == ("ana", "writing")
    assert await presence(page) == ("ana", "writing")
    first = await in_database(WidgetSession.objects.get)
    other, _ = await in_database(lambda: create_widget_session(widget=make_widget(acme)))
    await writer.send({"type": "presence", "conversation": str(other.id), "state": "viewing"})
    assert (await visitor.until("staff_typing"))[-1]["on"] is False
    frames = [(await colleague.until("presence"))[-1] for _ in range(2)]
    assert [(frame["conversation"], frame["state"]) for frame in frames] == [
        (str(first.id), "gone"),
        (str(other.id), "viewing"),
    ]
    await writer.leave()
    assert await presence(colleague) == ("ana", "gone")
    # The first that the other organization sees is its own.
    theirs, _ = await in_database(lambda: create_widget_session(widget=make_widget(globex)))
    for row in (first, theirs):
        frame = {"type": "presence", "conversation": str(row.id), "state": "viewing"}
        await foreign.send(frame)
    assert await presence(foreign) == ("charlie", "viewing")


async def test_nobody_seems_to_write_while_the_agent_answers(
    visitor: VisitorSocket, watch: Watch, api: Api, ana: User, bob: User
) -> None:
    writer, viewer = await watch(ana), await watch(bob)
    await tell(writer, "writing")
    assert await presence(viewer) == ("ana", "writing")
    await take_over(api, ana)
    # A viewer's role may look, but not answer.
    await tell(viewer, "writing")
    assert await presence(writer) == ("ana", "writing")
    assert await presence(writer) == ("bob", "writing")
    assert "staff_typing" not in [frame["type"] for frame in await visitor.drained()]


async def test_base_socket_is_not_told(
    visit: Visits, widget: WidgetConfig, visitor: VisitorSocket, watch: Watch, api: Api, ana: User
) -> None:
    base = await visit.opened(widget, v2=False, token=visitor.token)
    writer = await watch(ana)
    await take_over(api, ana)
    await tell(writer, "writing")
    await visitor.until("staff_typing")
    await base.send({"type": "nonsense"})
    kinds = [frame["type"] for frame in await base.until("error")]
    assert not {"staff_typing", "presence"} & set(kinds)


async def test_presence_of_other_organizations_is_refused(
    visitor: VisitorSocket, watch: Watch, ana: User, ben: User, charlie: User
) -> None:
    colleague, stranger = await watch(ben), await watch(ana)
    await tell(stranger, "viewing")
    assert await presence(colleague) == ("ana", "viewing")
    await in_database(Membership.objects.filter(user=ana).delete)
    await tell(stranger, "writing")
    assert await presence(colleague) == ("ana", "gone")


async def test_members_are_seen_while_they_use_the_page(
    visitor: VisitorSocket, watch: Watch, ana: User
) -> None:
    def seen() -> Any:
        return Membership.objects.get(user=ana).seen_at

    viewer = await watch(ana)
    await tell(viewer, "idle")
    assert await presence(viewer) == ("ana", "idle")
    assert await in_database(seen) is None
    await tell(viewer, "viewing")
    assert await presence(viewer) == ("ana", "viewing")
    first = await in_database(seen)
    await tell(viewer, "viewing")
    assert await presence(viewer) == ("ana", "viewing")
    assert await in_database(seen) == first is not None


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", "null", "1", '"x"', "[" * 900, '{"type": "presence"}',
        json.dumps({"type": "presence", "conversation": 5, "state": "viewing"}),
        json.dumps({"type": "presence", "conversation": "x", "state": "viewing"}),
        json.dumps({"type": "presence", "conversation": None, "state": "viewing"}),
        json.dumps({"type": "presence", "conversation": "0" * 32, "state": ["viewing"]}),
        json.dumps({"type": "presence", "conversation": "0" * 32, "state": "here"}),
        json.dumps({"type": "message", "conversation": "0" * 32, "state": "viewing"}),
        json.dumps({"type": "presence", "conversation": "0" * 32, "state": "idle", "x": "y" * 999}),
    ],
)  # fmt: skip
def test_unknown_frames_are_ignored(text: str) -> None:
    assert parse_staff_frame(text) is None
