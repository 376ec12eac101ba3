"""What a model's endpoint sends, as visitors see it on their socket."""

import pytest
from pytest_django.fixtures import Settings

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import stream_of
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.sockets import Visits
from widgets.models import WidgetConfig, WidgetMessage


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, agent=make_agent(acme, model="openai-chat:socket"))


def pieces(*contents: object, reason: str = "stop") -> list[object]:
    deltas = [{"choices": [{"index": 0, "delta": {"content": c}}]} for c in contents]
    return [*deltas, {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}, "[DONE]"]


@pytest.mark.parametrize(("events", "content", "status"), [
    (pieces([{"type": "text", "text": "Parcels take "}], "two days."), "Parcels take two days.",
     "complete"),
    (pieces("<think>", "\nThey ask.</thi", "nk>\n\n", "Two days."), "Two days.", "complete"),
    (pieces("They ask.", "\n</think>\n\n", "Two days."), "Two days.", "complete"),
    (pieces("Half an ans", reason="length"), "Half an ans", "cut"),
    (pieces("Half an ans", reason="content_filter"), "Half an ans", "cut"),
    (pieces("Half an ans", reason="error"), "Half an ans", "failed"),
])  # fmt: skip
async def test_answer_text_is_delivered_unchanged(
    visit: Visits,
    widget: WidgetConfig,
    endpoint: ScriptedEndpoint,
    events: list[object],
    content: str,
    status: str,
) -> None:
    endpoint.push(stream_of(*events))
    socket = await visit.opened(widget)
    await socket.say("How long does it take?")
    frames = await socket.until("typing_stop")
    shown = ""
    for frame in frames:
        if frame["type"] == "delta":
            shown = shown[: frame["offset"]] + frame["content"]
    [message] = [frame for frame in frames if frame["type"] == "message"]
    assert (message["content"], message["status"]) == (content, status)
    assert shown.strip() == content
    row = await in_database(WidgetMessage.objects.get, role="assistant")
    assert (row.content, row.status) == (content, status)


async def test_long_conversation_sent_to_the_model_starts_with_the_visitor(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, settings: Settings
) -> None:
    settings.RATE_LIMITS = False
    socket = await visit.opened(widget)
    for number in range(12):
        await socket.say(f"Question {number}")
        await socket.until("typing_stop")
    for request in endpoint.requests:
        roles = [line["role"] for line in request.body["messages"] if line["role"] != "system"]
        assert roles == [("user", "assistant")[at % 2] for at in range(len(roles))]
        assert roles[-1] == "user"
