"""A message of combining marks: sorting them would take quadratic time, so they are not sorted."""

import json
import unicodedata
from typing import Any

import pytest

from loquent.db.threads import in_database
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from loquent.text import MAX_MARKS
from widgets.models import WidgetConfig, WidgetMessage

# Of two classes, in the order that takes longest to sort.
FIRST, SECOND = "\u0345", "\u0334"


@pytest.fixture
def sorted_marks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many marks each text had that was normalized since; none of the texts is sorted."""
    counts: list[int] = []
    normalize = unicodedata.normalize

    def watched(form: Any, text: str) -> str:
        marks = sum(map(bool, map(unicodedata.combining, text)))
        counts.append(marks)
        return normalize(form, text) if marks <= MAX_MARKS else text

    monkeypatch.setattr(unicodedata, "normalize", watched)
    return counts


@pytest.mark.parametrize("half", [16_200, 8_000, 7_999, 4_000, 2_000])
async def test_too_many_marks_are_too_long(
    visit: Visits, widget: WidgetConfig, half: int, sorted_marks: list[int]
) -> None:
    socket = await visit.opened(widget)
    content = "a" + FIRST * half + SECOND * half
    raw = json.dumps({"type": "message", "content": content}, ensure_ascii=False)
    for _ in range(8):
        await socket.send_raw(raw)
        assert (await socket.receive())["code"] == "message_too_long"
    assert max(sorted_marks, default=0) <= MAX_MARKS


async def test_marks_within_the_limit_are_cut_after_the_thirtieth(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, sorted_marks: list[int]
) -> None:
    scripted.automatic = ("Yes.",)
    socket = await visit.opened(widget)
    await socket.say("a" + FIRST * 1_000 + SECOND * 1_000 + " hello")
    await socket.until("typing_stop")
    stored = await in_database(WidgetMessage.objects.values_list("content", flat=True).first)
    assert stored == "a" + FIRST * MAX_MARKS + " hello"
    assert max(sorted_marks) <= MAX_MARKS


async def test_too_long_message_is_not_a_bad_frame(visit: Visits, widget: WidgetConfig) -> None:
    """Someone who pastes a long text again and again stays connected (docs/protocol.md)."""
    socket = await visit.opened(widget)
    for _ in range(12):
        await socket.say("a" * 20_000)
        assert (await socket.receive())["code"] == "message_too_long"
    assert (await socket.drained()) == []


async def test_spaces_around_a_message_do_not_count(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Yes.",)
    socket = await visit.opened(widget)
    await socket.say(" " * 20_000 + "hello" + "\n" * 20_000)
    assert (await socket.receive())["type"] == "ack"
    await socket.until("typing_stop")
