"""How many statements a visitor costs: each is paid for by every message or every connection."""

import threading
from typing import Any

import pytest
from django.db.backends.utils import CursorWrapper

from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from widgets.chat.supervisor import supervisor
from widgets.models import WidgetConfig


class Statements:
    """The statements of the database threads since the last look."""

    def __init__(self) -> None:
        self._seen: list[str] = []

    def note(self, sql: str) -> None:
        is_of_a_service = threading.current_thread().name.startswith("loquent-database")
        if is_of_a_service and not sql.startswith("BEGIN"):
            self._seen.append(sql)

    def taken(self) -> list[str]:
        seen, self._seen = self._seen, []
        return seen


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    found = Statements()
    execute = CursorWrapper.execute

    def noting(cursor: CursorWrapper, sql: str, *arguments: Any) -> Any:
        found.note(sql)
        return execute(cursor, sql, *arguments)

    monkeypatch.setattr(CursorWrapper, "execute", noting)
    # Its loops would add statements of their own, at any time.
    monkeypatch.setattr(supervisor, "start", lambda: None)
    return found


async def test_turn_and_connection_need_few_statements(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, statements: Statements
) -> None:
    scripted.automatic = ("Yes.",)
    socket = await visit.opened(widget)
    # The widget, the session, and the conversation's state.
    assert len(statements.taken()) <= 3
    for number in range(2):
        statements.taken()
        await socket.say("Hi", f"key-{number}")
        await socket.until("typing_stop")
    assert len(statements.taken()) <= 14
    await socket.leave()
    behind = await visit.opened(widget, token=socket.token)
    await behind.until("history")
    assert len(statements.taken()) <= 5
    await behind.leave()
    await visit.opened(widget, token=socket.token, query="last_seq=4")
    assert len(statements.taken()) <= 4
