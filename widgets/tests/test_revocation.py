"""What staff change reaches the sockets that are open."""

from collections.abc import Callable

import pytest

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.sockets import Visits
from loquent.tokens import token_digest
from widgets.chat.supervisor import supervisor
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.configs import config_data, delete_widget, reset_widget_id, update_widget

SHOP = "https://shop.example.com"


@pytest.fixture(autouse=True)
def _frequent_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the supervisor check the sockets ten times per second."""
    monkeypatch.setattr("widgets.chat.supervisor.RENEW_SECONDS", 0.1)


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, allowed_origins=[SHOP])


def disable(widget: WidgetConfig) -> None:
    update_widget(widget=widget, data=config_data(widget, enabled=False))


def forget_origin(widget: WidgetConfig) -> None:
    other = ["https://other.example.com"]
    update_widget(widget=widget, data=config_data(widget, allowed_origins=other))


def reset(widget: WidgetConfig) -> None:
    reset_widget_id(widget=widget)


def delete(widget: WidgetConfig) -> None:
    delete_widget(widget=widget)


@pytest.mark.parametrize(
    ("change", "code"), [(disable, 4403), (forget_origin, 4403), (reset, 4404), (delete, 4404)]
)
async def test_revocation_closes_open_sockets(
    visit: Visits, widget: WidgetConfig, change: Callable[[WidgetConfig], None], code: int
) -> None:
    socket = await visit(widget, origin=SHOP)
    await socket.receive()
    await in_database(change, widget)
    # The supervisor finds the change without being asked.
    assert await socket.closed() == code
    again = await visit(widget.widget_id, origin=SHOP)
    assert not again.accepted or change is reset


async def test_checks_in_groups_reach_every_socket(
    visit: Visits, widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widgets.chat.supervisor.MANY_SOCKETS", 0)
    sockets = [await visit.opened(widget, origin=SHOP) for _ in range(9)]
    await in_database(disable, widget)
    assert {await socket.closed() for socket in sockets} == {4403}


async def test_other_changes_do_not_close_sockets(visit: Visits, widget: WidgetConfig) -> None:
    socket = await visit(widget, origin=SHOP)
    await socket.receive()
    data = config_data(
        widget, name="New", allowed_origins=["https://*.example.com"], daily_message_cap=1
    )
    await in_database(update_widget, widget=widget, data=data)
    await supervisor.end_revoked()
    assert await socket.drained() == []


async def test_revocation_closes_only_sockets_of_that_widget(
    visit: Visits, widget: WidgetConfig, acme: Organization
) -> None:
    other = await in_database(make_widget, acme)
    gone, stays = await visit(widget, origin=SHOP), await visit(other)
    for socket in (gone, stays):
        await socket.receive()
    await in_database(disable, widget)
    await supervisor.end_revoked()
    assert await gone.closed() == 4403
    assert await stays.drained() == []


async def test_sockets_of_an_erased_session_start_a_new_one(
    visit: Visits, widget: WidgetConfig
) -> None:
    erased, stays = await visit(widget, origin=SHOP), await visit(widget, origin=SHOP)
    await erased.receive()
    await in_database(WidgetSession.objects.filter(token_digest=token_digest(erased.token)).delete)
    await supervisor.end_revoked()
    # Not 4404, which would switch the widget off: the visitor may begin again.
    assert await erased.closed() == 1012
    again = await visit(widget, origin=SHOP, token=erased.token)
    assert (await again.receive())["resumed"] is False
    assert [frame["type"] for frame in await stays.drained()] == ["session"]
