"""Suggested questions and the notice, from staff's form to the visitor's `session`."""

from typing import Any

import pytest

from loquent.db.threads import in_database
from loquent.testing.sockets import Frame, Visits
from widgets.models import WidgetConfig
from widgets.services.configs import change_widget
from widgets.tests.golden import is_golden

STARTERS = ["Do you ship to Norway?", "¿Y a España?"]
NOTICE = {"text": "An AI.", "url": "https://example.com/privacy", "consent": True}


@pytest.fixture
def greeted(widget: WidgetConfig) -> WidgetConfig:
    """A widget that suggests questions and has a notice."""
    return change_widget(widget=widget, starters=STARTERS, notice=NOTICE)


def said(frame: Frame) -> tuple[Any, Any]:
    assert is_golden(frame, v2=True)
    return frame["starters"], frame["notice"]


async def test_every_session_frame_has_starters_and_notice(
    visit: Visits, greeted: WidgetConfig
) -> None:
    socket = await visit(greeted)
    assert said(await socket.receive()) == (STARTERS, NOTICE)
    again = await visit(greeted, token=socket.token)
    assert said(await again.receive()) == (STARTERS, NOTICE)
    await again.send({"type": "new_conversation"})
    for tab in (socket, again):
        assert said((await tab.until("session"))[-1]) == (STARTERS, NOTICE)


async def test_unset_starters_and_notice_are_empty(visit: Visits, widget: WidgetConfig) -> None:
    socket = await visit(widget)
    assert said(await socket.receive()) == ([], None)
    await socket.send({"type": "new_conversation"})
    assert said((await socket.until("session"))[-1]) == ([], None)


async def test_a_notice_without_a_link_says_null(visit: Visits, widget: WidgetConfig) -> None:
    notice = {"text": "An AI.", "url": None, "consent": False}
    await in_database(change_widget, widget=widget, notice=notice)
    assert said(await (await visit(widget)).receive()) == ([], notice)


async def test_new_conversation_has_the_current_settings(
    visit: Visits, greeted: WidgetConfig
) -> None:
    socket = await visit.opened(greeted)
    await in_database(change_widget, widget=greeted, starters=["New?"], notice=None)
    await socket.send({"type": "new_conversation"})
    assert said((await socket.until("session"))[-1]) == (["New?"], None)


async def test_base_socket_gets_neither(visit: Visits, greeted: WidgetConfig) -> None:
    socket = await visit(greeted, v2=False)
    assert set(await socket.receive()) == {"type", "session_token", "contact_info_submitted"}
