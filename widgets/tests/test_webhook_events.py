"""What happens in a conversation is recorded for webhooks, in the same transaction."""

import json
import uuid
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from contacts.models import Contact
from contacts.services import save_contact
from loquent.agents.types import ReplyOutcome
from loquent.db.threads import in_database
from loquent.errors import ApplicationError
from loquent.organizations.models import Organization, Role
from loquent.testing.jobs import run_due_jobs
from loquent.testing.people import make_member
from loquent.testing.receiver import Receiver
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from loquent.webhooks.services.deliveries import resend_failed
from loquent.webhooks.services.endpoints import create_endpoint, delete_endpoint
from loquent.webhooks.types import EndpointData
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.contact_resolution import submit_contact_info
from widgets.services.erasure import erase_contact, export_contact
from widgets.services.feedback import save_feedback
from widgets.services.handoff.visitor import ask_person
from widgets.services.history import append_message
from widgets.services.refusals import limit_counts
from widgets.services.retention import prune
from widgets.services.sessions import create_widget_session, delete_widget_session
from widgets.services.turns.accept import PostedMessage, accept_messages
from widgets.services.turns.leases import LEASE, settle_orphans

EVERYTHING: EndpointData = {"url": "https://example.com/", "events": ["*"]}


@pytest.fixture
def webhook(acme: Organization, widget: WidgetConfig) -> WebhookEndpoint:
    return create_endpoint(organization=acme, data=EVERYTHING)


def recorded() -> list[tuple[str, dict[str, Any]]]:
    return list(WebhookEvent.objects.order_by("created_at").values_list("type", "data"))


def types() -> list[str]:
    return [kind for kind, _ in recorded()]


def ask(widget: WidgetConfig, content: str = "Hello?") -> WidgetSession:
    """Post a message that nothing answers."""
    session, _ = create_widget_session(widget=widget)
    accept_messages([PostedMessage(session.id, content, "key-1", "198.51.100.1")], owner=None)
    return session


async def test_conversation_is_recorded_message_by_message(
    visit: Visits, widget: WidgetConfig, webhook: WebhookEndpoint, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Secret question")
    (await scripted.asked()).end("Secret answer", outcome="answered")
    *_, message, _ = await socket.until("typing_stop")
    events = await in_database(recorded)
    kinds = ["conversation.started", "message.created", "message.created"]
    assert [kind for kind, _ in events] == kinds
    session = await in_database(WidgetSession.objects.get)
    assert [data["seq"] for _, data in events] == [1, 1, 2]
    assert [data["role"] for _, data in events] == ["user", "user", "assistant"]
    assert {data["widget_id"] for _, data in events} == {widget.widget_id}
    assert {data["session_id"] for _, data in events} == {str(session.id)}
    assert events[2][1]["message_id"] == message["id"]
    assert "Secret" not in json.dumps(events)
    assert await in_database(WebhookDelivery.objects.count) == 3


@pytest.mark.parametrize("hours", [None, {}], ids=["open", "closed"])
def test_conversation_starts_with_the_first_message_also_after_lines_of_the_team(
    widget: WidgetConfig, webhook: WebhookEndpoint, acme: Organization, hours: Any
) -> None:
    Organization.objects.update(business_hours=hours)
    make_member(acme, "ana", Role.OPERATOR)
    session, _ = create_widget_session(widget=widget)
    ask_person(session_id=session.id)
    assert types() == ["message.created", "conversation.person_wanted"]
    for number in range(2):
        posted = PostedMessage(session.id, "Hello?", f"key-{number}", "198.51.100.1")
        accept_messages([posted], owner=None)
    assert types()[2:] == ["conversation.started", "message.created", "message.created"]
    assert [data["seq"] for _, data in recorded()[2:]] == [2, 2, 3]


async def test_failed_answers_are_recorded_with_and_without_text(
    visit: Visits, widget: WidgetConfig, webhook: WebhookEndpoint, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    (await scripted.asked()).fail()
    await socket.until("typing_stop")
    await socket.say("Hi again")
    answer = await scripted.asked()
    answer.say("Half")
    answer.fail()
    await socket.until("typing_stop")
    events = [event for event in await in_database(recorded) if event[0] == "answer.failed"]
    assert [(data["role"], data["seq"]) for _, data in events] == [("user", 1), ("assistant", 3)]


async def test_regenerated_answer_is_recorded_under_the_same_number(
    visit: Visits, widget: WidgetConfig, webhook: WebhookEndpoint, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    (await scripted.asked()).end("One", outcome="answered")
    *_, message, _ = await socket.until("typing_stop")
    await socket.send({"type": "regenerate", "message_id": message["id"]})
    (await scripted.asked()).end("Two", outcome="answered")
    await socket.until("typing_stop")
    events = await in_database(recorded)
    assert [(kind, data["seq"]) for kind, data in events[2:]] == [("message.created", 2)] * 2
    assert events[2][1]["message_id"] != events[3][1]["message_id"]


@pytest.mark.parametrize("outcome", ["no_answer", "refused"])
async def test_other_outcomes_are_no_failures(
    visit: Visits,
    widget: WidgetConfig,
    webhook: WebhookEndpoint,
    scripted: ScriptedBackend,
    outcome: ReplyOutcome,
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    (await scripted.asked()).end("Sorry", outcome=outcome)
    await socket.until("typing_stop")
    events = await in_database(recorded)
    assert (events[-1][0], events[-1][1]["outcome"]) == ("message.created", outcome)


def test_answer_interrupted_by_a_crash_is_recorded(
    widget: WidgetConfig, webhook: WebhookEndpoint
) -> None:
    session, _ = create_widget_session(widget=widget)
    owner = uuid.uuid4()
    accept_messages([PostedMessage(session.id, "Hi", "k", "198.51.100.1")], owner=owner)
    session.turns.update(attempts=9, lease_until=timezone.now() - 2 * LEASE)
    settle_orphans(running_here=[], owner=uuid.uuid4())
    assert types()[2:] == ["message.created", "answer.failed"]


def test_retry_of_a_message_is_recorded_once(
    widget: WidgetConfig, webhook: WebhookEndpoint
) -> None:
    session = ask(widget)
    accept_messages([PostedMessage(session.id, "Hello?", "key-1", "198.51.100.1")], owner=None)
    assert types() == ["conversation.started", "message.created"]


def test_organization_without_a_webhook_runs_no_query_for_events(
    acme: Organization, globex: Organization, widget: WidgetConfig
) -> None:
    create_endpoint(organization=globex, data=EVERYTHING)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        ask(widget)
    assert "webhook" not in " ".join(
        query["sql"].lower().replace("has_webhooks", "") for query in queries
    )
    assert types() == []


def test_events_end_with_the_last_webhook(
    acme: Organization, widget: WidgetConfig, webhook: WebhookEndpoint
) -> None:
    other = create_endpoint(organization=acme, data=EVERYTHING)
    delete_endpoint(endpoint=webhook)
    ask(widget)
    assert len(types()) == 2
    delete_endpoint(endpoint=other)
    acme.refresh_from_db()
    assert not acme.has_webhooks
    ask(widget)
    assert len(types()) == 2


def test_endpoint_gets_the_events_it_asked_for(
    acme: Organization, globex: Organization, widget: WidgetConfig
) -> None:
    wants: list[Any] = [["message.created"], ["contact.created", "conversation.started"], ["ping"]]
    endpoints = [
        create_endpoint(organization=acme, data={**EVERYTHING, "events": events})
        for events in wants
    ]
    create_endpoint(organization=acme, data={**EVERYTHING, "enabled": False})
    create_endpoint(organization=globex, data=EVERYTHING)
    ask(widget)
    sent = WebhookDelivery.objects.values_list("endpoint_id", "event__type").order_by("event__type")
    assert list(sent) == [
        (endpoints[1].id, "conversation.started"),
        (endpoints[0].id, "message.created"),
    ]


def test_feedback_is_recorded_unless_it_is_taken_back(
    widget: WidgetConfig, webhook: WebhookEndpoint
) -> None:
    session = ask(widget)
    answer = append_message(WidgetSession.objects.get(), role="assistant", content="Hi")
    for rating in ("up", None):
        save_feedback(
            session_id=session.id, message_id=str(answer.id), rating=rating, comment="Fine"
        )
    with pytest.raises(ApplicationError):
        save_feedback(
            session_id=session.id, message_id=str(uuid.uuid4()), rating="up", comment=None
        )
    assert types()[2:] == ["feedback.received"]
    data = recorded()[-1][1]
    assert (data["rating"], data["seq"], data["message_id"]) == ("up", 2, str(answer.id))
    assert "Fine" not in str(data)


def test_limit_is_recorded_once_per_day(widget: WidgetConfig, webhook: WebhookEndpoint) -> None:
    for _ in range(2):
        for kind in ("messages", "daily_cap"):
            limit_counts.add(widget.widget_id, kind)
        limit_counts.flush()
    limits = [data["limit"] for kind, data in recorded() if kind == "limit.reached"]
    assert sorted(limits) == ["daily_cap", "messages"]


def test_contacts_are_recorded_without_their_details(
    acme: Organization, widget: WidgetConfig, webhook: WebhookEndpoint
) -> None:
    WidgetConfig.objects.update(contact_info_mode="optional", collect_email=True)
    session = ask(widget)
    for email in ("jane@example.com", "jane@example.org"):
        submit_contact_info(session_id=session.id, name=None, email=email, phone=None)
    save_contact(contact=Contact.objects.get(), details={"name": "Jane"})
    save_contact(contact=Contact(organization=acme), details={"name": "John"})
    kinds = ["contact.created", "contact.updated", "contact.updated", "contact.created"]
    assert types()[2:] == kinds
    assert "jane" not in json.dumps(recorded()).lower()


@pytest.fixture
def receiver(settings: Settings) -> Any:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.WEBHOOK_ALLOW_HTTP = True
    with Receiver() as found:
        yield found


@pytest.mark.parametrize("include_text", [False, True])
def test_text_is_sent_only_if_asked_for_and_only_while_it_exists(
    acme: Organization, widget: WidgetConfig, receiver: Receiver, include_text: bool
) -> None:
    data: EndpointData = {
        "url": receiver.url,
        "events": ["message.created"],
        "include_text": include_text,
    }
    create_endpoint(organization=acme, data=data)
    session = ask(widget, "Where is my <b>parcel</b>? 🙂")
    run_due_jobs()
    sent = json.loads(receiver.requests[0].body)["data"]
    assert sent.get("text") == ("Where is my <b>parcel</b>? 🙂" if include_text else None)
    for text in ("x" * 100_000, '"\n' * 8_000, "🙂\\" * 10_000):
        session.messages.update(content=text)
        WebhookDelivery.objects.update(status="failed")
        resend_failed(endpoint=WebhookEndpoint.objects.get())
        run_due_jobs()
        body = receiver.requests[-1].body
        assert len(body) < 20_000
        found = json.loads(body)["data"]
        assert found.get("is_truncated", False) is include_text
        assert text.startswith(found.get("text", ""))
        assert len(body) > 10_000 or not include_text


def test_deleted_conversation_takes_its_events_and_deliveries_along(
    widget: WidgetConfig, webhook: WebhookEndpoint
) -> None:
    session = ask(widget)
    ask(widget)
    delete_widget_session(session_id=session.id)
    assert {data["session_id"] for _, data in recorded()} == {
        str(key) for key in WidgetSession.objects.values_list("id", flat=True)
    }
    assert WebhookDelivery.objects.count() == 2
    assert run_due_jobs().count("webhook") == 4


def test_erasure_and_export_know_the_events_of_a_person(
    acme: Organization, widget: WidgetConfig, webhook: WebhookEndpoint
) -> None:
    contact = save_contact(contact=Contact(organization=acme), details={"name": "Jane"})
    session = ask(widget)
    WidgetSession.objects.filter(id=session.id).update(contact=contact)
    save_contact(contact=Contact(organization=acme), details={"name": "John"})
    exported = export_contact(contact=contact)["webhook_events"]
    kinds = ["contact.created", "conversation.started", "message.created"]
    assert [event["type"] for event in exported] == kinds
    erase_contact(contact_id=contact.id, requested_by="test")
    assert types() == ["contact.created"]


def test_events_are_pruned_after_30_days(widget: WidgetConfig, webhook: WebhookEndpoint) -> None:
    ask(widget)
    WebhookEvent.objects.filter(type="message.created").update(
        created_at=timezone.now() - timedelta(days=31)
    )
    pruned = prune(now=timezone.now(), batch=10, progress=lambda count: None)
    assert (pruned.events, types()) == (1, ["conversation.started"])
    assert WebhookDelivery.objects.count() == 1


def test_events_of_conversations_past_their_retention_are_pruned(
    acme: Organization, widget: WidgetConfig, webhook: WebhookEndpoint
) -> None:
    Organization.objects.update(retention_days=1)
    session = ask(widget)
    session.turns.all().delete()
    WidgetSession.objects.update(last_active_at=timezone.now() - timedelta(days=2))
    prune(now=timezone.now(), batch=10, progress=lambda count: None)
    assert types() == []


def test_message_is_written_although_its_webhook_is_deleted_at_the_same_time(
    widget: WidgetConfig, webhook: WebhookEndpoint
) -> None:
    with transaction.atomic():
        ask(widget)
        # As another process would, after the endpoints were read.
        WebhookEndpoint.objects.all()._raw_delete(using="default")
    assert len(types()) == 2
    assert run_due_jobs().count("webhook") == 2
