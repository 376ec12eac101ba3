"""A contact in the admin: its conversations, and what visitors typed beside what is recorded."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact
from loquent.organizations.models import Organization
from widgets.models import WidgetSession
from widgets.tests.test_conversation_list import listed, make_conversation

LIST = "/admin/contacts/contact/"


@pytest.fixture
def jane(acme: Organization) -> Contact:
    return Contact.objects.create(organization=acme, name="Jane", email="jane@example.com")


@pytest.fixture
def session(acme: Organization, jane: Contact) -> WidgetSession:
    typed = {"name": "Jane <b>Doe</b>", "email": "jane@example.com"}
    return make_conversation(acme, "Hello?", "Hello?", contact=jane, contact_claim=typed)


def test_contact_list_counts_conversations(
    client: Client, bob: User, acme: Organization, jane: Contact, session: WidgetSession
) -> None:
    Contact.objects.create(organization=acme, name="Nobody")
    client.force_login(bob)
    counts = []
    for _ in range(2):
        client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(LIST)
        counts.append(len(queries))
        found = {c.name: c.conversations[0] for c in page.context["cl"].result_list}
        assert found["Nobody"] == 0
        for number in range(3):
            other = Contact.objects.create(organization=acme, name=f"Other {number}")
            make_conversation(acme, "Hi", contact=other)
            make_conversation(acme, "Hi again", contact=jane)
    assert counts[0] == counts[1]
    assert found["Jane"] == 4


def test_contact_page_links_conversations(
    client: Client, bob: User, jane: Contact, session: WidgetSession
) -> None:
    client.force_login(bob)
    body = client.get(f"{LIST}{jane.id}/change/").content.decode()
    assert f"/admin/widgets/widgetsession/{session.id}/change/" in body
    for text in (
        "Hello?",
        "Jane &lt;b&gt;Doe&lt;/b&gt;",
        ("Entered by visitors, not saved in the contact"),
    ):
        assert text in body
    assert "<b>Doe" not in body
    assert "Apply to the contact" not in body
    assert listed(client, f"contact__id__exact={jane.id}") == {str(session.id)}


def test_claim_is_applied_from_the_contact_page(
    client: Client, alice: User, jane: Contact, session: WidgetSession
) -> None:
    client.force_login(alice)
    page = f"{LIST}{jane.id}/change/"
    assert "Apply to the contact" in client.get(page).content.decode()
    response = client.post(
        f"/admin/widgets/widgetsession/{session.id}/apply/", {"back": "contact"}, follow=True
    )
    assert response.redirect_chain[-1][0] == page
    jane.refresh_from_db()
    assert jane.name == "Jane <b>Doe</b>"
    body = response.content.decode()
    assert "not saved in the contact" not in body
    assert "Apply to the contact" not in body


def test_older_claim_is_shown(
    client: Client, alice: User, acme: Organization, jane: Contact
) -> None:
    make_conversation(acme, "One", contact=jane, contact_claim={"phone": "+41446681800"})
    make_conversation(acme, "Two", contact=jane, contact_claim={"name": "Jane"})
    client.force_login(alice)
    context = client.get(f"{LIST}{jane.id}/change/").context
    assert [row["session"].contact_claim for row in context["differing"]] == [
        {"phone": "+41446681800"}
    ]
