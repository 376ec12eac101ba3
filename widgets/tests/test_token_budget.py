"""What a visitor and the books see of an organization's daily tokens."""

import pytest
from pytest_django import Settings

from loquent.agents.models import DailyTokenUsage, TokenReservation
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import VisitorSocket, Visits
from widgets.chat.supervisor import supervisor
from widgets.models import LimitHit, WidgetConfig

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def budget(widget: WidgetConfig) -> None:
    """Room for two answers, not for a third; each reserves about 1,030."""
    Organization.objects.update(daily_token_budget=2_000)


async def ask(visit: Visits, widget: WidgetConfig) -> VisitorSocket:
    socket = await visit(widget)
    await socket.receive()
    await socket.say("Hi", "k")
    return socket


async def books() -> tuple[int, int]:
    row = await in_database(DailyTokenUsage.objects.get)
    return row.reserved, row.used


async def test_turn_over_budget_ends_with_an_explanation(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, budget: None
) -> None:
    for _ in range(2):
        socket = await ask(visit, widget)
        answer = await scripted.asked()
        assert (await books())[0] > 1_000
        answer.end("Yes.", input_tokens=400, output_tokens=100)
        await socket.until("typing_stop")
    assert await books() == (0, 1_000)
    socket = await ask(visit, widget)
    frames = await socket.until("typing_stop")
    assert [frame["type"] for frame in frames] == ["ack", "typing_start", "error", "typing_stop"]
    assert frames[2]["code"] == "agent_unavailable"
    assert "limit for today" in frames[2]["message"]
    assert 1 <= frames[2]["retry_after"] <= 86_400
    assert not scripted.is_asked
    await supervisor.count_refusals()
    assert await in_database(LimitHit.objects.values_list("kind", "count").get) == ("tokens", 1)


async def test_usage_of_a_stopped_answer_is_estimated(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, budget: None
) -> None:
    socket = await ask(visit, widget)
    (await scripted.asked()).say("Half an ")
    await socket.until("delta")
    await socket.send({"type": "stop"})
    await socket.until("typing_stop")
    reserved, used = await books()
    assert reserved == 0
    assert 3 < used < 30
    assert not await in_database(TokenReservation.objects.exists)


async def test_a_failure_before_the_first_word_costs_nothing(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, budget: None
) -> None:
    socket = await ask(visit, widget)
    (await scripted.asked()).fail()
    await socket.until("typing_stop")
    assert await books() == (0, 0)


async def test_usage_is_not_counted_without_a_budget(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings
) -> None:
    scripted.automatic = ("Yes.",)
    await (await ask(visit, widget)).until("typing_stop")
    assert not await in_database(DailyTokenUsage.objects.exists)
