"""The log of actions is part of a conversation: exported and erased with it."""

import pytest

from contacts.models import Contact
from loquent.agents.models import AgentAction
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import ActionCall, WidgetSession
from widgets.services.erasure import erase_contact, export_contact
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session
from widgets.services.transcripts import conversation_record, record_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(acme: Organization) -> WidgetSession:
    session, _ = create_widget_session(widget=make_widget(acme))
    session.contact = Contact.objects.create(organization=acme, name="Jane")
    session.save()
    action = AgentAction.objects.create(
        agent=session.widget.text_agent, name="cancel", title="Cancel order", risk="write"
    )
    data = {"id": "1", "title": "Cancel order", "arguments": {"number": "7"}, "status": "confirmed"}
    append_message(session, role="user", content="Cancel it")
    message = append_message(session, role="assistant", content="Please confirm", action=data)
    ActionCall.objects.create(
        session=session, message=message, action=action, name="cancel", title="Cancel order",
        risk="write", arguments={"number": "7"}, status="confirmed", outcome="succeeded",
    )  # fmt: skip
    return session


def test_export_and_transcript_have_the_calls(session: WidgetSession) -> None:
    assert session.contact is not None
    [conversation] = export_contact(contact=session.contact)["conversations"]
    [call] = conversation["actions"]
    assert (call["title"], call["arguments"], call["outcome"]) == (
        "Cancel order", {"number": "7"}, "succeeded",
    )  # fmt: skip
    text = record_text(conversation_record(session=session))
    assert "Action (confirmed): Cancel order (number: 7)\n" in text


def test_erasure_deletes_the_calls(session: WidgetSession) -> None:
    assert session.contact is not None
    erase_contact(contact_id=session.contact.id, requested_by="alice")
    assert ActionCall.objects.count() == 0


def test_log_outlives_the_action(session: WidgetSession) -> None:
    AgentAction.objects.get().delete()
    assert ActionCall.objects.get().title == "Cancel order"
