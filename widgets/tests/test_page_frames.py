"""`page`: where the visitor is, kept for staff; it never costs the visitor anything."""

import threading
from typing import Any

import pytest
from pytest_django import Settings

from loquent.agents.types import VisitorPage
from loquent.db.threads import in_database
from loquent.testing.clock import Clock
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Frame, VisitorSocket, Visits, kinds
from loquent.testing.waiting import WAIT_SECONDS
from widgets.chat import handlers as actions
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.pages import save_page
from widgets.services.rate_limits import frame_limiter

BAGS = "https://shop.example.com/bags"
CART = "https://shop.example.com/cart"


def page(url: str, **fields: Any) -> Frame:
    return {"type": "page", "url": url, **fields}


async def kept() -> Any:
    """The page of the one session."""
    session = await in_database(WidgetSession.objects.get)
    return session.page


async def ask(socket: VisitorSocket, content: str = "Hi") -> None:
    await socket.say(content)
    await socket.until("typing_stop")


@pytest.fixture(autouse=True)
def _answers(scripted: ScriptedBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted.automatic = ("Yes.",)
    # A page that is slow to write is given up; here none may be.
    monkeypatch.setattr(actions, "PAGE_SECONDS", WAIT_SECONDS)


async def test_staff_and_agent_see_the_page_of_a_message(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    context = {"cart": ["gurten-32"], "signed_in": True}
    where: dict[str, Any] = {
        "title": "Bags",
        "referrer": "https://search.example.com/?q=bag",
        "context": context,
    }
    await socket.send(page(f"{BAGS}?size=32#reviews", **where))
    assert await socket.drained() == []
    await ask(socket)
    noted = await kept()
    assert noted.at
    assert noted == VisitorPage(f"{BAGS}?size=32", **where)
    # The visitor goes on; what was said there stays there.
    await socket.send(page(CART))
    assert await socket.drained() == []
    noted = await kept()
    assert noted == VisitorPage(CART)
    await ask(socket)
    rows = WidgetMessage.objects.order_by("seq").values_list("role", "page_url")
    assert await in_database(lambda: list(rows)) == [
        ("user", f"{BAGS}?size=32"), ("assistant", ""), ("user", CART), ("assistant", ""),
    ]  # fmt: skip
    assert [request.page for request in scripted.requests] == [
        VisitorPage(f"{BAGS}?size=32", **where),
        VisitorPage(CART),
    ]


async def test_no_page_frame_stores_no_page(visit: Visits, widget: WidgetConfig) -> None:
    before = await visit.opened(widget)
    rows = WidgetSession.objects.values
    empty = await in_database(rows().get)
    await before.send(page(BAGS, title="Bags", context={"a": 1}))
    assert await before.drained() == []
    assert await in_database(rows().get) == empty


async def test_contact_form_records_the_page(visit: Visits, widget: WidgetConfig) -> None:
    await in_database(WidgetConfig.objects.update, contact_info_mode="required", collect_email=True)
    socket = await visit.opened(widget)
    await socket.send(page(BAGS))
    await socket.send({"type": "contact_info", "email": "jane@example.com"})
    await socket.until("contact_info_saved")
    assert await socket.drained() == []
    assert (await kept()).url == BAGS


async def test_each_tab_has_its_own_page(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    one = await visit.opened(widget)
    await one.send(page(BAGS))
    await ask(one)
    two = await visit.opened(widget, token=one.token)
    await two.until("history")
    await two.send(page(CART))
    assert await two.drained() == []
    assert (await kept()).url == CART
    await ask(one, "And here?")
    assert (await kept()).url == BAGS
    assert scripted.requests[-1].page == VisitorPage(BAGS)


async def test_the_same_page_again_writes_nothing(visit: Visits, widget: WidgetConfig) -> None:
    socket = await visit.opened(widget)
    frame = page(BAGS, title="Bags", referrer=CART, context={"a": {"b": [1, "x", None]}})
    await socket.send(frame)
    await ask(socket)
    since = (await kept()).at
    await socket.send(frame)
    await ask(socket)
    assert (await kept()).at == since
    await socket.send({**frame, "context": {"a": 2}})
    assert await socket.drained() == []
    assert (await kept()).at > since


async def test_page_is_carried_over_to_a_new_conversation(
    visit: Visits, widget: WidgetConfig
) -> None:
    socket = await visit.opened(widget)
    await socket.send(page(BAGS))
    await ask(socket)
    await socket.send({"type": "new_conversation"})
    await socket.until("session")
    pages = WidgetSession.objects.filter(ended_at=None)
    assert (await in_database(pages.get)).page is None
    await ask(socket)
    assert (await in_database(pages.get)).page == VisitorPage(BAGS)


async def test_ended_session_ignores_page_frames(visit: Visits, widget: WidgetConfig) -> None:
    socket = await visit.opened(widget)
    await socket.send(page(BAGS))
    await ask(socket)
    old = await in_database(WidgetSession.objects.get)
    await socket.send({"type": "new_conversation"})
    await socket.until("session")
    await in_database(save_page, session_id=old.id, page=VisitorPage(CART))
    await in_database(old.refresh_from_db)
    assert old.page_url == BAGS


async def test_page_frame_does_not_extend_session(visit: Visits, widget: WidgetConfig) -> None:
    socket = await visit.opened(widget)
    await ask(socket)
    before = await in_database(WidgetSession.objects.get)
    await socket.send(page(BAGS))
    assert await socket.drained() == []
    after = await in_database(WidgetSession.objects.get)
    assert (after.page_url, after.last_active_at) == (BAGS, before.last_active_at)


@pytest.mark.parametrize("how", ["fails", "hangs"])
async def test_page_that_cannot_be_stored_sends_no_error(
    visit: Visits, widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    returned = threading.Event()

    def broken(**_: object) -> None:
        if how == "hangs":
            returned.wait(10)
        raise RuntimeError("the database is away")

    socket = await visit.opened(widget)
    await ask(socket)
    with monkeypatch.context() as away:
        away.setattr(actions, "save_page", broken)
        away.setattr(actions, "PAGE_SECONDS", 0.05)
        await socket.send(page(BAGS))
        assert await socket.drained() == []
        returned.set()
    assert await kept() is None
    await ask(socket)
    assert (await kept()).url == BAGS


async def test_invalid_page_is_a_frame_error_and_keeps_the_last_page(
    visit: Visits, widget: WidgetConfig
) -> None:
    socket = await visit.opened(widget)
    await socket.send(page(BAGS))
    await ask(socket)
    too_long = page(CART, title="x" * 4_096)
    for bad in (page("javascript:alert(1)"), page(CART, context=[1]), too_long):
        await socket.send(bad)
        assert (await socket.receive())["code"] == "invalid_frame"
    assert (await kept()).url == BAGS
    for _ in range(7):
        await socket.send(page("/cart"))
    assert await socket.closed() == 4400


async def test_base_socket_rejects_page_frames(visit: Visits, widget: WidgetConfig) -> None:
    socket = await visit.opened(widget, v2=False)
    await socket.send(page(BAGS))
    assert (await socket.receive())["code"] == "unsupported_frame"
    await ask(socket)
    assert await kept() is None


async def test_page_frames_count_against_the_frame_rate(
    visit: Visits, widget: WidgetConfig, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else two tokens come back each second.
    monkeypatch.setattr(frame_limiter, "_clock", Clock())
    socket = await visit.opened(widget)
    for _ in range(settings.LIMITS.frames_per_minute):
        await socket.send(page(BAGS))
    await socket.send(page(CART))
    frames = await socket.until("error")
    assert kinds(frames) == ["error"]
    assert frames[0]["code"] == "rate_limited"
    assert await socket.closed() == 4429


async def test_unusual_texts_can_be_stored(visit: Visits, widget: WidgetConfig) -> None:
    socket = await visit.opened(widget)
    await socket.send_raw(
        f'{{"type":"page","url":"{BAGS}\\u0000","title":"\\u0000\\ud800<b>",'
        '"context":{"\\u0000a":["\\udfff\\u0000",9007199254740991,-0.5,true,null]}}'
    )
    await ask(socket)
    noted = await kept()
    assert (noted.url, noted.title) == (BAGS, "\ufffd<b>")
    assert noted.context == {"a": ["\ufffd", 2**53 - 1, -0.5, True, None]}
