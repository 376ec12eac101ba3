"""By what an address may narrow down a list of the admin: its filters and links, nothing else."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contacts.models import Contact
from loquent.organizations.models import Organization, Role
from loquent.organizations.services.invitations import invite
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.people import make_widget
from widgets.services.sessions import create_widget_session

SESSIONS = "widgets/widgetsession"


@pytest.fixture
def rows(acme: Organization, alice: User) -> dict[str, str]:
    """A row of each kind with a secret; the ids of two for links."""
    widget = make_widget(acme)
    create_widget_session(widget=widget)
    create_api_key(organization=acme, name="Key")
    invite(organization=acme, email="new@example.com", role=Role.VIEWER, invited_by=alice)
    contact = Contact.objects.create(organization=acme, name="Jane")
    return {"contact": str(contact.pk), "organization": str(acme.pk)}


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        (SESSIONS, "token_digest__startswith=a"),
        (SESSIONS, "token_digest=a"),
        (f"{SESSIONS}/export", "token_digest__startswith=a"),
        (SESSIONS, "messages__content__contains=a"),
        (SESSIONS, "widget__widget_id__startswith=wid_a"),
        (SESSIONS, "contact_id__isnull=1"),
        ("organizations/apikey", "digest__startswith=a"),
        ("organizations/invitation", "digest__startswith=a"),
        ("organizations/membership", "user__password__startswith=a"),
        ("organizations/membership", "user_id=1"),
        ("contacts/contact", "pk__startswith=a"),
        ("contacts/contact", "organization__api_keys__digest__startswith=a"),
    ],
)
def test_hidden_columns_cannot_be_probed_by_lookups(
    client: Client, alice: User, rows: dict[str, str], kind: str, query: str
) -> None:
    client.force_login(alice)
    assert client.get(f"/admin/{kind}/?{query}").status_code == 400


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        (SESSIONS, "contact__id__exact={contact}"),
        (SESSIONS, "answer=failed&feedback=down&known=no&days=7&widget=x"),
        ("widgets/widgetconfig", "enabled__exact=1"),
        ("agents/textagent", "enabled__exact=0"),
        ("organizations/membership", "role__exact=viewer"),
        ("organizations/invitation", "role__exact=viewer"),
        ("organizations/auditentry", "object_pk={organization}"),
        ("organizations/auditentry", "actor_name=x&kind=1&what=1"),
        ("organizations/auditentry", "timestamp__gte=2026-01-01+00:00:00%2B00:00"),
        ("agents/dailytokenusage", "day__year=2026&day__month=1"),
        ("widgets/erasurereceipt", "created_at__year=2026"),
    ],
)
def test_declared_filters_and_links_work(
    client: Client, alice: User, rows: dict[str, str], kind: str, query: str
) -> None:
    client.force_login(alice)
    assert client.get(f"/admin/{kind}/?{query.format(**rows)}").status_code == 200


@pytest.mark.parametrize(
    ("kind", "path"),
    [(SESSIONS, "widget__organization"), ("organizations/apikey", "organization")],
)
def test_superuser_can_look_at_one_organization(
    client: Client, rows: dict[str, str], kind: str, path: str
) -> None:
    client.force_login(User.objects.create_superuser("root@example.com"))
    query = f"{path}__id__exact={rows['organization']}"
    assert client.get(f"/admin/{kind}/?{query}").status_code == 200
    assert client.get(f"/admin/{kind}/?{path}__name__startswith=A").status_code == 400
