"""A superuser deletes an organization in the admin, with all that is kept of it."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from contacts.models import Contact
from loquent.agents.models import DailyTokenUsage, TextAgent
from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import ErasureReceipt, WidgetDailyUsage, WidgetMessage
from widgets.services.erasure import erase_contact
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session


@pytest.fixture
def root(db: None, client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root@example.com", password="x"))
    return client


def test_deletion_removes_all_its_data_and_nothing_else(
    root: Client, acme: Organization, globex: Organization, alice: User
) -> None:
    for organization in (acme, globex):
        widget = make_widget(organization)
        session, _ = create_widget_session(widget=widget)
        append_message(session, role="user", content="Hello")
        DailyTokenUsage.objects.create(organization=organization, day=timezone.now().date())
        WidgetDailyUsage.objects.create(widget=widget, day=timezone.now().date(), messages=1)
        jane = Contact.objects.create(organization=organization, name="Jane")
        erase_contact(contact_id=jane.id, requested_by="alice")
        Contact.objects.create(organization=organization, name="Karl")
    path = f"/admin/organizations/organization/{acme.pk}/delete/"
    question = root.get(path).content.decode()
    assert "Daily token usage: 1" in question
    assert "Karl" not in question
    assert root.post(path, {"post": "yes"}).status_code == 302
    assert list(Organization.objects.all()) == [globex]
    for model in (TextAgent, WidgetMessage, DailyTokenUsage, ErasureReceipt, Contact):
        assert model._default_manager.count() == 1
    assert set(AuditEntry.objects.values_list("organization_id", flat=True)) == {globex.pk}
    assert User.objects.filter(pk=alice.pk).exists()


def test_owners_cannot_delete_their_organization(
    client: Client, alice: User, acme: Organization
) -> None:
    client.force_login(alice)
    path = f"/admin/organizations/organization/{acme.pk}/delete/"
    assert client.post(path, {"post": "yes"}).status_code == 403
    assert Organization.objects.filter(pk=acme.pk).exists()
