"""The fixtures do what their words say."""

import pytest
from django.contrib.auth.models import User

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from widgets.models import WidgetConfig


@pytest.fixture
def widget(acme: Organization, scripted: ScriptedBackend) -> WidgetConfig:
    return make_widget(acme, agent=make_agent(acme, model="test:any"))


async def test_turn_can_be_held_mid_answer(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit(widget)
    assert (await socket.receive())["type"] == "session"
    await socket.say("Hello?", "first")
    answer = await scripted.asked()
    answer.say("Half an ")
    assert [f["type"] for f in await socket.until("delta")] == ["ack", "typing_start", "delta"]
    assert not answer.closed.is_set()
    answer.end("answer.")
    message = (await socket.until("message"))[-1]
    assert message["content"] == "Half an answer."
    await socket.until("typing_stop")
    assert await socket.drained() == []


async def test_a_session_is_resumed_by_its_token(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Hello", " there.")
    socket = await visit(widget, v2=False)
    await socket.receive()
    await socket.say("Hi")
    await socket.until("typing_stop")
    await socket.leave()
    again = await visit(widget, v2=False, token=socket.token)
    assert (await again.receive())["session_token"] == socket.token
    history = await again.receive()
    assert [line["content"] for line in history["messages"]] == ["Hi", "Hello there."]


async def test_an_unknown_widget_is_refused(visit: Visits) -> None:
    socket = await visit("wid_unknown")
    assert not socket.accepted


async def test_an_unfinished_turn_ends_with_the_test(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit(widget)
    await socket.say("Hello?")
    await scripted.asked()


async def test_tests_see_no_rows_of_other_tests(visit: Visits, alice: User) -> None:
    assert await in_database(Organization.objects.count) == 1
