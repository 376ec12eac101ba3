"""A conversation that is larger than what may wait for a client can still be resumed."""

import pytest

from loquent.db.threads import in_database
from loquent.testing.sockets import Visits
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.history import append_message

# Each becomes two bytes in JSON: 50 such messages are more than a mebibyte.
LONG = "\n" * 15_000


def fill(content: str, count: int) -> None:
    session = WidgetSession.objects.get()
    for number in range(count):
        append_message(session, role=("user", "assistant")[number % 2], content=content)


@pytest.mark.parametrize("v2", [True, False], ids=["v2", "base"])
async def test_history_over_the_outbound_limit_is_cut_at_its_old_end(
    visit: Visits, widget: WidgetConfig, v2: bool
) -> None:
    first = await visit.opened(widget, v2=v2)
    await in_database(fill, LONG, 50)
    again = await visit.opened(widget, v2=v2, token=first.token)
    history = await again.receive()
    assert len(history["messages"]) == 30
    if v2:
        assert history["messages"][-1]["seq"] == 50
        assert history["complete"] is False


async def test_history_that_fits_is_sent_whole(visit: Visits, widget: WidgetConfig) -> None:
    first = await visit.opened(widget)
    await in_database(fill, "\n" * 9_000, 50)
    again = await visit.opened(widget, token=first.token)
    history = await again.receive()
    assert len(history["messages"]) == 50
    assert history["complete"] is True
