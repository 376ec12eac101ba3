"""Answers that ask which entry is meant, on the socket, in the history and in exports."""

import pytest
from django.contrib.auth.models import User

from contacts.models import Contact
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import api_client, make_agent, make_widget
from loquent.testing.sockets import Visits
from widgets.services.erasure import export_contact
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session
from widgets.services.transcripts import conversation_record, record_text

HOURS = [
    {"title": f"Opening hours in {town}", "content": f"From 9 to {hour}.", "url": ""}
    for town, hour in (("Bern", 17), ("Basel", 18), ("Chur", 19), ("Genf", 20))
]
QUESTION = "What are the hours for bakery bread?"


async def test_choices_come_with_the_message_and_the_history_and_a_click_is_answered(
    acme: Organization, visit: Visits
) -> None:
    agent = await in_database(make_agent, acme, knowledge=HOURS)
    widget = await in_database(make_widget, acme, agent=agent)
    socket = await visit.opened(widget)
    await socket.say(QUESTION)
    *_, message, _ = await socket.until("typing_stop")
    choices = message["choices"]
    assert len(choices) == 3
    assert {choice["title"] for choice in choices} <= {entry["title"] for entry in HOURS}
    await socket.say(choices[0]["message"])
    *_, answer, _ = await socket.until("typing_stop")
    assert answer["content"].startswith(f"Here is what I found about “{choices[0]['title']}”")
    assert "choices" not in answer
    again = await visit(widget, token=socket.token)
    *_, history = await again.until("history")
    assert [line.get("choices") for line in history["messages"]] == [None, choices, None, None]


async def test_base_clients_get_no_choices(acme: Organization, visit: Visits) -> None:
    agent = await in_database(make_agent, acme, knowledge=HOURS)
    widget = await in_database(make_widget, acme, agent=agent)
    socket = await visit.opened(widget, v2=False)
    await socket.say(QUESTION)
    *_, message, _ = await socket.until("typing_stop")
    assert set(message) == {"type", "content", "role"}
    assert "“Opening hours in" in message["content"]


@pytest.mark.django_db
def test_choices_are_in_rest_messages_and_exports_and_absent_without_any(
    acme: Organization, alice: User
) -> None:
    session, _ = create_widget_session(widget=make_widget(acme))
    session.contact = Contact.objects.create(organization=acme, name="Jane")
    session.save()
    choices = [{"title": "Bern", "message": "Hours in Bern"}]
    append_message(session, role="user", content="Hours?")
    append_message(session, role="assistant", content="Which one?", choices=choices)

    path = f"/api/v1/sessions/{session.id}/messages/"
    [question, answer] = api_client(alice).get(path).json()["results"]
    assert "choices" not in question
    assert answer["choices"] == choices
    record = conversation_record(session=session)
    assert [message.get("choices") for message in record["messages"]] == [None, choices]
    assert "Button: Bern\n" in record_text(record)
    exported = export_contact(contact=session.contact)
    assert choices in [m["choices"] for m in exported["conversations"][0]["messages"]]
