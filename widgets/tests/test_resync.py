"""What a socket was not told is shown from the database, replaced answers among it."""

from loquent.db.threads import in_database
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import VisitorSocket, Visits, kinds
from widgets.chat.rooms import rooms
from widgets.chat.visitor_socket import SessionSocket
from widgets.models import WidgetConfig, WidgetSession
from widgets.tests.regenerating import answered, ask, regenerate


async def deaf(
    visit: Visits, widget: WidgetConfig, token: str
) -> tuple[VisitorSocket, SessionSocket]:
    """A tab that no hint reaches, as one at another process while Redis is away."""
    tab = await visit.opened(widget, token=token)
    await tab.receive()
    session = await in_database(WidgetSession.objects.get)
    inner = rooms.sockets_of(session.id)[-1]
    assert isinstance(inner, SessionSocket)
    rooms.leave(session.id, inner)
    return tab, inner


async def test_a_replaced_answer_is_shown_once(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    tab, inner = await deaf(visit, widget, socket.token)
    await regenerate(socket, first["id"])
    (await scripted.asked()).end("Second.")
    await socket.until("typing_stop")
    await inner.resync()
    frames = await tab.drained()
    assert kinds(frames) == ["typing_start", "message", "typing_stop"]
    assert (frames[1]["seq"], frames[1]["content"]) == (2, "Second.")
    await inner.resync()
    assert await tab.drained() == []


async def test_messages_after_the_replaced_answer_are_shown(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    tab, inner = await deaf(visit, widget, socket.token)
    await regenerate(socket, first["id"])
    (await scripted.asked()).end("Second.")
    await socket.until("typing_stop")
    (await ask(socket, scripted, "More?")).end("Enough.")
    await socket.until("typing_stop")
    await inner.resync()
    shown = [(f["seq"], f["content"]) for f in await tab.drained() if f["type"] == "message"]
    assert shown == [(2, "Second."), (3, "More?"), (4, "Enough.")]


async def test_typing_ends_if_a_turn_left_no_new_message(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    tab, inner = await deaf(visit, widget, socket.token)
    session = await in_database(WidgetSession.objects.get)
    rooms.join(session.id, inner)
    await regenerate(socket, first["id"])
    answer = await scripted.asked()
    await tab.until("typing_start")
    rooms.leave(session.id, inner)
    await inner.resync()
    assert await tab.drained() == []
    answer.fail()
    await socket.until("typing_stop")
    await inner.resync()
    assert kinds(await tab.drained()) == ["typing_stop"]
