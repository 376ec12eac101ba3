"""Changes that an agent proposes: confirmed once, by this visitor, for exactly these arguments."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from loquent.agents.agent_action import AgentAction
from loquent.agents.services.actions import save_action, spec_of
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import calls, tokens
from loquent.agents.tests.exchange import Script
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.receiver import Received, Receiver
from loquent.testing.sockets import Frame, VisitorSocket, Visits, kinds
from widgets.chat.action_runner import keep_actions
from widgets.models import ActionCall, WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.actions.confirm import decide_action, settle_actions
from widgets.tests.golden import is_golden

HIDDEN = "tok-3n"


@pytest.fixture
def shop(local_actions: None) -> Iterator[Receiver]:
    with Receiver() as receiver:
        receiver.reply = lambda request: (200, {}, b'{"state": "cancelled", "card": "4111"}')
        yield receiver


@pytest.fixture
def widget(transactional_db: None, acme: Organization, shop: Receiver) -> WidgetConfig:
    widget = make_widget(acme, agent=make_agent(acme, model="openai-chat:actions"))
    save_action(
        AgentAction(agent=widget.text_agent),
        {
            "name": "cancel_order",
            "title": "Cancel order",
            "method": "POST",
            "risk": "write",
            "url": f"http://127.0.0.1:{shop.port}/orders/{{number}}/cancel",
            "parameters": [{"name": "number"}],
            "response_fields": ["state"],
            "secret": HIDDEN,
        },
    )
    return widget


def cancels(number: str) -> Script:
    return calls(("cancel_order", {"number": number}), text="I have cancelled it.")


async def proposed(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, number: str = "7"
) -> tuple[VisitorSocket, Frame]:
    """A visitor who is asked to confirm."""
    endpoint.push(cancels(number))
    socket = await visit.opened(widget)
    await socket.say("Cancel my order")
    *_, message, _ = await socket.until("typing_stop")
    assert message["type"] == "message"
    return socket, message


def answer(message: Frame, *, confirm: bool = True) -> Frame:
    return {"type": "action", "id": message["action"]["id"], "confirm": confirm}


async def row() -> ActionCall:
    return await in_database(lambda: ActionCall.objects.select_related("result").get())


async def test_confirmed_change_is_made_once_and_told(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    socket, message = await proposed(visit, widget, endpoint)
    assert message["content"] == "Please check and confirm: Cancel order"
    assert message["action"] == {
        "id": message["action"]["id"],
        "title": "Cancel order",
        "arguments": {"number": "7"},
        "status": "waiting",
    }
    assert shop.requests == []
    await socket.send(answer(message))
    frames = await socket.until("typing_stop")
    assert kinds(frames) == ["typing_start", "message", "message", "typing_stop"]
    start, again, result, _ = frames
    assert again == {**message, "action": {**message["action"], "status": "confirmed"}}
    assert (result["id"], result["seq"]) == (start["message_id"], message["seq"] + 1)
    assert result["content"] == "Done: Cancel order.\n\n- State: cancelled"
    assert "action" not in result
    assert all(is_golden(frame, v2=True) for frame in (message, *frames))
    [request] = shop.requests
    assert (request.method, request.path) == ("POST", "/orders/7/cancel")
    assert request.headers["authorization"] == f"Bearer {HIDDEN}"
    assert request.headers["idempotency-key"]
    # Spent.
    for confirm in (True, False):
        await socket.send(answer(message, confirm=confirm))
        [error] = await socket.until("error")
        assert error["code"] == "forbidden"
    call = await row()
    assert (call.status, call.outcome, call.http_status) == ("confirmed", "succeeded", 200)
    assert call.duration_ms is not None
    assert len(shop.requests) == 1
    # The history has both, and the model is told how it ended.
    other = await visit(widget, token=socket.token)
    *_, history = await other.until("history")
    assert [line.get("action", {}).get("status") for line in history["messages"]] == [
        None, "confirmed", None,
    ]  # fmt: skip
    endpoint.push(tokens("It was cancelled."))
    await socket.say("And now?")
    await socket.until("typing_stop")
    told = json.dumps(endpoint.requests[-1].body["messages"])
    assert "Done: Cancel order." in told
    assert HIDDEN not in told


async def test_declined_change_is_not_made(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    socket, message = await proposed(visit, widget, endpoint)
    await socket.send(answer(message, confirm=False))
    [again] = await socket.drained()
    assert again == {**message, "action": {**message["action"], "status": "declined"}}
    await socket.send(answer(message))
    [error] = await socket.until("error")
    assert (error["code"], shop.requests) == ("forbidden", [])


@pytest.mark.promise(26)
async def test_clicks_in_several_tabs_lead_to_one_call(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    socket, message = await proposed(visit, widget, endpoint)
    tabs = [socket, *[await visit(widget, token=socket.token) for _ in range(3)]]
    for tab in tabs[1:]:
        await tab.until("history")
    await asyncio.gather(*(tab.send(answer(message)) for tab in tabs for _ in range(3)))
    for tab in tabs:
        frames = await tab.until("typing_stop")
        assert [kind for kind in kinds(frames) if kind != "error"] == [
            "typing_start", "message", "message", "typing_stop",
        ]  # fmt: skip
    assert len(shop.requests) == 1
    assert await in_database(ActionCall.objects.count) == 1


@pytest.mark.promise(27)
async def test_forged_confirmations_are_refused(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    socket, message = await proposed(visit, widget, endpoint)
    stranger = await visit.opened(widget)
    for name in (message["action"]["id"], message["id"], str(uuid.uuid4()), "x"):
        await stranger.send({"type": "action", "id": name, "confirm": True})
        [error] = await stranger.until("error")
        assert error["code"] == "forbidden"
    # A client can't change what it confirms: other fields are ignored.
    forged = {**answer(message), "arguments": {"number": "8"}, "title": "Other"}
    base = await visit(widget, v2=False, token=socket.token)
    await base.send(forged)
    *_, error = await base.until("error")
    assert error["code"] == "unsupported_frame"
    for bad in ({"confirm": "true"}, {"confirm": 1}, {"id": 5}, {"id": ""}, {"confirm": None}):
        await socket.send({**answer(message), **bad})
        [error] = await socket.until("error")
        assert error["code"] == "invalid_frame"
    assert shop.requests == []
    await socket.send(forged)
    await socket.until("typing_stop")
    assert [request.path for request in shop.requests] == ["/orders/7/cancel"]


@pytest.mark.promise(27)
async def test_confirmation_belongs_to_its_conversation(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver,
    globex: Organization,
) -> None:  # fmt: skip
    socket, message = await proposed(visit, widget, endpoint)
    # A visitor of another organization's widget.
    stranger = await visit.opened(await in_database(make_widget, globex))
    await stranger.send(answer(message))
    [error] = await stranger.until("error")
    assert error["code"] == "forbidden"
    # The same visitor in a new conversation, and in the old one, which is over.
    old = await visit(widget, token=socket.token)
    await old.until("history")
    await socket.send({"type": "new_conversation"})
    await socket.until("session")
    await socket.send(answer(message))
    error = (await socket.until("error"))[-1]
    assert error["code"] == "forbidden"
    assert shop.requests == []
    assert (await row()).started_at is None


@pytest.mark.promise(26)
async def test_confirm_and_decline_at_once_have_one_effect(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    socket, message = await proposed(visit, widget, endpoint)
    other = await visit(widget, token=socket.token)
    await other.until("history")
    await asyncio.gather(socket.send(answer(message)), other.send(answer(message, confirm=False)))
    *_, changed = await socket.until("message")
    call = await row()
    assert changed["action"]["status"] == call.status
    if call.status == "confirmed":
        await socket.until("typing_stop")
    assert len(shop.requests) == (call.status == "confirmed")


@pytest.mark.promise(27)
async def test_secrets_are_nowhere_whatever_the_shop_answers(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver,
    caplog: pytest.LogCaptureFixture, client: Client, alice: User,
) -> None:  # fmt: skip
    """Not in a row, a log line, a frame, a request to the model, or a page of staff."""
    given = {"risk": "read", "headers": {"X-Key": HIDDEN}, "response_fields": []}
    await in_database(lambda: save_action(AgentAction.objects.get(), given))
    seen: list[Frame] = []
    replies: list[tuple[int, dict[str, str], bytes]] = [
        (401, {}, f"Wrong token {HIDDEN}".encode()),
        (302, {"Location": f"https://127.0.0.1/?token={HIDDEN}"}, b""),
        (500, {"Content-Encoding": "gzip"}, HIDDEN.encode()),
        (200, {"Content-Length": "9000"}, HIDDEN.encode()),
        (200, {}, json.dumps({"Authorization": f"Bearer {HIDDEN}", "state": "sent"}).encode()),
    ]
    socket = await visit.opened(widget)
    for number, reply in enumerate(replies):
        shop.reply = lambda request, reply=reply: reply  # type: ignore[misc]
        endpoint.push(cancels(str(number)), tokens("I can't look it up."))
        await socket.say("Where is it?")
        seen += await socket.until("typing_stop")
    assert len(shop.requests) == len(replies)
    assert {request.headers["x-key"] for request in shop.requests} == {HIDDEN}
    asked = [request.body for request in endpoint.requests]

    def stored() -> str:
        client.force_login(alice)
        pages = [
            client.get(reverse(f"admin:{name}_changelist")).content.decode()
            for name in ("widgets_actioncall", "agents_agentaction", "widgets_widgetsession")
        ]
        action = AgentAction.objects.get()
        pages.append(
            client.get(
                reverse("admin:agents_agentaction_change", args=[action.id])
            ).content.decode()
        )
        rows = []
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names():
                cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
                rows += cursor.fetchall()
        return f"{pages}{rows}{action!r}{spec_of(action)!r}"

    everything = f"{await in_database(stored)}{seen}{asked}{caplog.text}"
    assert HIDDEN not in everything
    assert "cancel_order" in everything


@pytest.mark.promise(27)
async def test_typed_yes_confirms_nothing(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    socket, _ = await proposed(visit, widget, endpoint)
    endpoint.push(tokens("Please use the button."))
    await socket.say("Yes, confirm")
    await socket.until("typing_stop")
    assert shop.requests == []


async def test_base_clients_are_offered_no_changes(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    endpoint.push(tokens("I can't do that here."))
    socket = await visit.opened(widget, v2=False)
    await socket.say("Cancel my order")
    await socket.until("typing_stop")
    assert "tools" not in endpoint.requests[0].body or [
        tool["function"]["name"] for tool in endpoint.requests[0].body["tools"]
    ] == ["ask_person"]


CHANGES: list[dict[str, Any]] = [
    {"url": "http://127.0.0.1:8099/other", "secret": "x"},
    {"enabled": False},
    {"risk": "read"},
    {"title": "Delete account"},
    {"parameters": [{"name": "number"}, {"name": "shop", "source": "fixed", "value": "other"}]},
]


async def test_calls_that_are_refused_are_in_the_log(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver,
    client: Client, alice: User,
) -> None:  # fmt: skip
    bad = ("cancel_order", '{"number": "7", "url": "\\u0000\\ud800"}')
    endpoint.push(
        calls(bad, ("cancel_order", {}), ("refund", {"number": 7})), tokens("Which order?")
    )
    socket = await visit.opened(widget)
    await socket.say("Cancel my order")
    await socket.until("typing_stop")
    assert shop.requests == []

    def logged() -> list[tuple[str, str, Any]]:
        return sorted(ActionCall.objects.values_list("title", "reason", "arguments"))

    assert await in_database(logged) == [
        ("Cancel order", "There is an argument that this action does not have. Nothing was sent.",
         {"number": "7", "url": "\ufffd"}),
        ("Cancel order", "number: This value is required. Nothing was sent.", {}),
        ("refund", "There is no such action.", {"number": "7"}),
    ]  # fmt: skip
    await in_database(client.force_login, alice)
    page = reverse("admin:widgets_actioncall_changelist")
    listed = (await in_database(client.get, page)).content.decode()
    assert listed.count("Not sent") >= 3
    call = await in_database(ActionCall.objects.filter(title="refund").get)
    page = reverse("admin:widgets_actioncall_change", args=[call.id])
    assert "There is no such action." in (await in_database(client.get, page)).content.decode()


@pytest.mark.parametrize("changes", CHANGES)
@pytest.mark.promise(27)
async def test_changed_action_is_not_what_was_confirmed(
    visit: Visits,
    widget: WidgetConfig,
    endpoint: ScriptedEndpoint,
    shop: Receiver,
    changes: dict[str, Any],
) -> None:
    socket, message = await proposed(visit, widget, endpoint)
    await in_database(lambda: save_action(AgentAction.objects.get(), changes))
    await socket.send(answer(message))
    again, error = await socket.until("error")
    assert (again["action"]["status"], error["code"]) == ("expired", "forbidden")
    assert shop.requests == []
    assert "changed, turned off or deleted" in (await row()).reason


@pytest.mark.parametrize("by", ["timer", "use"])
async def test_confirmation_expires(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver, by: str
) -> None:
    socket, message = await proposed(visit, widget, endpoint)
    call = await row()
    assert call.expires_at is not None
    assert timedelta(minutes=4) < call.expires_at - timezone.now() <= timedelta(minutes=5)
    late = timezone.now() - timedelta(seconds=1)
    await in_database(lambda: ActionCall.objects.update(expires_at=late))
    if by == "timer":
        await keep_actions()
        again = (await socket.until("message"))[-1]
        await socket.send(answer(message))
        [error] = await socket.until("error")
    else:
        await socket.send(answer(message))
        *frames, error = await socket.until("error")
        again = frames[-1]
    assert (again["id"], again["action"]["status"]) == (message["id"], "expired")
    assert (error["code"], shop.requests) == ("forbidden", [])


@pytest.mark.parametrize(
    ("status", "outcome", "told"),
    [
        (422, "failed", "Cancel order: this didn't work. Nothing was changed."),
        (500, "unknown", "Cancel order: I don't know whether this worked."),
        (302, "unknown", "Cancel order: I don't know whether this worked."),
        # No database can store what this response has.
        (200, "succeeded", "Done: Cancel order.\n\n- State: \ufffdbye"),
    ],
)
async def test_end_is_told_honestly(
    visit: Visits,
    widget: WidgetConfig,
    endpoint: ScriptedEndpoint,
    shop: Receiver,
    status: int,
    outcome: str,
    told: str,
) -> None:
    shop.reply = lambda request: (status, {"Location": "/"}, b'{"state": "\\ud800\\u0000bye"}')
    socket, message = await proposed(visit, widget, endpoint)
    await socket.send(answer(message))
    *_, result, _ = await socket.until("typing_stop")
    assert result["content"].startswith(told)
    assert result["outcome"] == ("answered" if outcome == "succeeded" else "failed")
    assert ((await row()).outcome, len(shop.requests)) == (outcome, 1)


async def test_result_cannot_be_regenerated(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint
) -> None:
    socket, message = await proposed(visit, widget, endpoint)
    await socket.send(answer(message))
    *_, result, _ = await socket.until("typing_stop")
    for name in (message["id"], result["id"]):
        await socket.send({"type": "regenerate", "message_id": name})
        [error] = await socket.until("error")
        assert error["code"] == "forbidden"


async def test_regenerated_proposal_is_void(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    socket, message = await proposed(visit, widget, endpoint)
    endpoint.push(cancels("8"))
    await socket.send({"type": "regenerate", "message_id": message["id"]})
    *_, second, _ = await socket.until("typing_stop")
    assert second["action"]["arguments"] == {"number": "8"}
    await socket.send(answer(message))
    [error] = await socket.until("error")
    assert (error["code"], shop.requests) == ("forbidden", [])
    await socket.send(answer(second))
    await socket.until("typing_stop")
    assert [request.path for request in shop.requests] == ["/orders/8/cancel"]


@pytest.mark.promise(26)
async def test_change_of_a_dead_process_is_never_repeated(
    visit: Visits,
    widget: WidgetConfig,
    endpoint: ScriptedEndpoint,
    shop: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The test does what this step of the supervisor would do, at its own pace.
    monkeypatch.setattr("widgets.chat.supervisor.keep_actions", AsyncMock())
    socket, message = await proposed(visit, widget, endpoint)
    session_id = (await row()).session_id
    dead = uuid.uuid4()
    # A process that dies right after the confirmation is committed.
    decided = await in_database(
        decide_action,
        session_id=session_id,
        action_id=message["action"]["id"],
        confirm=True,
        owner=dead,
    )
    assert decided.claimed is not None
    await in_database(settle_actions, owner=dead, running_here=[decided.claimed.id])
    assert (await row()).outcome == ""
    # With Redis there may be other processes: the claim has to be old.
    began = timezone.now() - timedelta(seconds=60)
    await in_database(ActionCall.objects.update, started_at=began)
    await keep_actions()
    result = (await socket.until("message"))[-1]
    assert result["content"].startswith("Cancel order: I don't know whether this worked.")
    assert (await row()).outcome == "unknown"
    await keep_actions()
    assert await in_database(WidgetMessage.objects.count) == 3
    assert shop.requests == []


async def test_lookups_are_logged_without_secrets(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    await in_database(lambda: save_action(AgentAction.objects.get(), {"risk": "read"}))

    def reply(request: Received) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, b'{"state": "sent"}'

    shop.reply = reply
    endpoint.push(cancels("7"), tokens("It was sent."))
    socket = await visit.opened(widget)
    await socket.say("Where is it?")
    *_, message, _ = await socket.until("typing_stop")
    assert message["content"] == "It was sent."
    call = await row()
    assert (call.status, call.outcome, call.arguments) == ("", "succeeded", {"number": "7"})
    assert HIDDEN not in str(call.__dict__)


async def test_staff_see_what_was_proposed_and_decided(
    visit: Visits,
    widget: WidgetConfig,
    endpoint: ScriptedEndpoint,
    async_client: AsyncClient,
    alice: User,
) -> None:
    socket, message = await proposed(visit, widget, endpoint, "<7>")
    await in_database(async_client.force_login, alice)
    session = await in_database(WidgetSession.objects.get)
    address = f"/admin/widgets/widgetsession/{session.id}/change/"
    shown = "<li>number <bdi>&lt;7&gt;</bdi></li><li>{}</li>"
    page = (await async_client.get(address)).content.decode()
    assert shown.format("Waiting for the visitor") in page
    await socket.send(answer(message, confirm=False))
    await socket.drained()
    page = (await async_client.get(address)).content.decode()
    assert shown.format("Declined") in page


async def test_visitor_who_guesses_cannot_go_on(
    visit: Visits,
    widget: WidgetConfig,
    endpoint: ScriptedEndpoint,
    shop: Receiver,
    settings: Settings,
) -> None:
    settings.RATE_LIMITS = False
    await in_database(lambda: save_action(AgentAction.objects.get(), {"risk": "read"}))
    shop.reply = lambda request: (404, {}, b"")
    socket = await visit.opened(widget)
    for number in range(5):
        endpoint.push(cancels(str(number)), tokens("There is no such order."))
        await socket.say("Where is it?")
        await socket.until("typing_stop")
    assert len(shop.requests) == 5
    endpoint.push(tokens("I can't look that up."))
    await socket.say("Where is order 10?")
    *_, message, _ = await socket.until("typing_stop")
    assert message["content"] == "I can't look that up."
    tools = endpoint.requests[-1].body.get("tools", [])
    assert "cancel_order" not in str(tools)
    assert len(shop.requests) == 5
