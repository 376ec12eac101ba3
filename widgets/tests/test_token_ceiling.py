"""MAX_DAILY_TOKENS: no organization uses more per day, whatever its own budget says."""

import logging
from collections.abc import Callable

import pytest
from django.utils import timezone
from pytest_django import Settings

from contacts.tests.parallel import in_parallel
from loquent.agents.models import DailyTokenUsage
from loquent.agents.services import LoadedReply, Reservation, reserve_tokens
from loquent.agents.tests.replies import load_reply
from loquent.agents.types import ChatMessage
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Frame, Visits
from widgets.models import WidgetConfig

pytestmark = pytest.mark.usefixtures("noon")


async def answered(visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend) -> None:
    """An answer of 500 tokens; each reserves about 1,030."""
    socket = await visit.opened(widget)
    await socket.say("Hi")
    (await scripted.asked()).end("Yes.", input_tokens=400, output_tokens=100)
    await socket.until("typing_stop")


async def refused(visit: Visits, widget: WidgetConfig) -> Frame:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    return (await socket.until("typing_stop"))[-2]


@pytest.mark.parametrize(
    ("ceiling", "budget"), [(2_000, None), (2_000, 2_000_000), (2_000_000, 2_000), (2_000, 2_000)]
)
async def test_lower_of_budget_and_ceiling_applies(
    visit: Visits,
    widget: WidgetConfig,
    scripted: ScriptedBackend,
    settings: Settings,
    ceiling: int,
    budget: int | None,
) -> None:
    settings.MAX_DAILY_TOKENS = ceiling
    await in_database(Organization.objects.update, daily_token_budget=budget)
    for _ in range(2):
        await answered(visit, widget, scripted)
    error = await refused(visit, widget)
    assert error["code"] == "agent_unavailable"
    assert "limit for today" in error["message"]
    assert not scripted.is_asked
    assert (await in_database(DailyTokenUsage.objects.get)).used == 1_000


async def test_budget_of_zero_stays_zero(
    visit: Visits, widget: WidgetConfig, settings: Settings
) -> None:
    settings.MAX_DAILY_TOKENS = 2_000
    await in_database(Organization.objects.update, daily_token_budget=0)
    assert "limit for today" in (await refused(visit, widget))["message"]


async def test_organizations_do_not_share_the_ceiling(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings,
    globex: Organization,
) -> None:  # fmt: skip
    settings.MAX_DAILY_TOKENS = 2_000
    await in_database(
        lambda: DailyTokenUsage.objects.create(
            organization=globex, day=timezone.now().date(), used=2_000
        )
    )
    await answered(visit, widget, scripted)


@pytest.fixture
def load(transactional_db: None, acme: Organization) -> Callable[[], LoadedReply]:
    """Replies of 10 tokens at most."""
    agent = make_agent(acme, model="openai-chat:any", max_output_tokens=5)
    return lambda: load_reply(agent.id, [ChatMessage("user", "Hi")])


def test_24_concurrent_turns_never_exceed_the_ceiling(
    load: Callable[[], LoadedReply], settings: Settings
) -> None:
    settings.MAX_DAILY_TOKENS = 75
    Organization.objects.update(daily_token_budget=1_000)
    loaded = load()
    outcomes = in_parallel(lambda _: reserve_tokens(loaded=loaded), range(24))
    assert sum(isinstance(outcome, Reservation) for outcome in outcomes) == 7
    assert DailyTokenUsage.objects.get().reserved == 70


@pytest.mark.parametrize(("ceiling", "budget"), [(3_000, None), (0, 3_000), (9_000, 3_000)])
async def test_half_of_the_daily_ceiling_is_logged_once(
    visit: Visits,
    widget: WidgetConfig,
    scripted: ScriptedBackend,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    ceiling: int,
    budget: int | None,
) -> None:
    settings.MAX_DAILY_TOKENS = ceiling
    await in_database(Organization.objects.update, daily_token_budget=budget)
    caplog.set_level(logging.WARNING, "loquent.agents.services.budget")
    lines = []
    for _ in range(4):
        await answered(visit, widget, scripted)
        lines.append([record.getMessage() for record in caplog.records])
    line = f"Organization {widget.organization_id} has used half of its 3000 tokens of"
    assert [len(found) for found in lines] == [0, 0, 1, 1]
    assert lines[-1][0].startswith(line)
