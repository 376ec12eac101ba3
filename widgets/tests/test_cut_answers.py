"""Answers that a maximum length or a filter cut off, and text that was only reasoning."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from loquent.agents.types import Cut, Source
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits, kinds
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

REASONS = {
    "length": "Cut off at the maximum answer length",
    "filter": "Cut off by the provider&#x27;s content filter",
    "unknown": "Cut off by the provider",
}


@pytest.mark.parametrize("cut", REASONS)
async def test_cut_answer_is_kept_and_marked(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, cut: Cut
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    answer = await scripted.asked()
    answer.end(
        "Half an answer", sources=(Source(title="Shipping", url="https://example.com/s"),), cut=cut
    )
    frames = await socket.until("typing_stop")
    assert kinds(frames) == ["ack", "typing_start", "delta", "message", "typing_stop"]
    assert (frames[3]["content"], frames[3]["status"]) == ("Half an answer", "cut")
    assert frames[3]["sources"] == [{"title": "Shipping", "url": "https://example.com/s"}]
    assert "cut_reason" not in frames[3]
    row = await in_database(WidgetMessage.objects.get, role="assistant")
    assert (row.status, row.cut_reason) == ("cut", cut)
    session = await in_database(WidgetSession.objects.get)
    assert session.last_answer_status == "cut"


async def test_cut_answer_is_kept_in_the_history_and_for_the_model(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    (await scripted.asked()).end("Half an answer", cut="length")
    await socket.until("typing_stop")
    base = await visit(widget, v2=False, token=socket.token)
    await base.receive()
    history = (await base.receive())["messages"]
    assert history[1] == {"role": "assistant", "content": "Half an answer"}
    await socket.say("Go on")
    request = (await scripted.asked()).request
    assert [line.content for line in request.messages] == ["Hi", "Half an answer", "Go on"]


async def test_text_that_was_reasoning_is_replaced_on_the_page_and_not_stored(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    answer = await scripted.asked()
    answer.say("They want to know about parcels.")
    await socket.until("delta")
    answer.restart()
    answer.end("Two days.")
    frames = await socket.until("typing_stop")
    assert [(f["offset"], f["content"]) for f in frames if f["type"] == "delta"] == [
        (0, "Two days.")
    ]
    assert frames[-2]["content"] == "Two days."


@pytest.mark.django_db
@pytest.mark.parametrize("cut", REASONS)
def test_staff_read_why_an_answer_is_cut(
    client: Client, acme: Organization, alice: User, widget: WidgetConfig, cut: str
) -> None:
    session, _ = create_widget_session(widget=widget)
    append_message(session, role="user", content="Hi")
    append_message(
        session, role="assistant", content="Half an answer", status="cut", cut_reason=cut
    )
    client.force_login(alice)
    page = client.get(reverse("admin:widgets_widgetsession_change", args=[session.pk]))
    assert REASONS[cut] in page.content.decode()
    api = client.get(f"/api/v1/sessions/{session.pk}/messages/").json()["results"]
    assert [(m["status"], m["cut_reason"]) for m in api] == [("complete", None), ("cut", cut)]
