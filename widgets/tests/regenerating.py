"""A conversation whose latest answer is written anew."""

from loquent.db.threads import in_database
from loquent.testing.scripted import HeldAnswer, ScriptedBackend
from loquent.testing.sockets import Frame, VisitorSocket, Visits
from widgets.models import WidgetConfig, WidgetMessage


async def ask(socket: VisitorSocket, scripted: ScriptedBackend, content: str = "Hi") -> HeldAnswer:
    """Say something; the answer is then the test's to write."""
    await socket.say(content)
    return await scripted.asked()


async def answered(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> tuple[VisitorSocket, Frame]:
    """A socket of a conversation of one question, and the `message` of its answer, "First."."""
    socket = await visit.opened(widget)
    (await ask(socket, scripted)).end("First.")
    return socket, (await socket.until("typing_stop"))[-2]


async def failed(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, text: str = ""
) -> tuple[VisitorSocket, list[Frame]]:
    """A socket of a conversation whose only answer failed after this text, and all its frames."""
    socket = await visit.opened(widget)
    answer = await ask(socket, scripted)
    answer.say(text)
    answer.fail()
    return socket, await socket.until("typing_stop")


async def regenerate(socket: VisitorSocket, message_id: str) -> None:
    """Ask for another answer."""
    await socket.send({"type": "regenerate", "message_id": message_id})


async def contents() -> list[tuple[int, str, str]]:
    """Seq, text and status of every message there is."""
    rows = WidgetMessage.objects.order_by("seq").values_list("seq", "content", "status")
    return list(await in_database(list, rows))
