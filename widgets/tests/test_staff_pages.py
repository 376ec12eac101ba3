"""The staff's short addresses, and names that would be code if a page let them."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from contacts.models import Contact
from loquent.organizations.models import Organization
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.people import make_agent, make_member, make_widget
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(acme, name="Shop")


def test_short_urls_redirect_to_the_admin(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    client.force_login(alice)
    for path, target in (
        ("/widgets", "/admin/widgets/widgetconfig/"),
        ("/widgets/create", "/admin/widgets/widgetconfig/add/"),
        (f"/widgets/{widget.id}", f"/admin/widgets/widgetconfig/{widget.id}/change/"),
    ):
        response = client.get(path, follow=True)
        assert response.status_code == 200
        assert response.redirect_chain[-1][0] == target


def test_short_urls_require_login(client: Client, widget: WidgetConfig) -> None:
    for path in ("/widgets", "/widgets/create", f"/widgets/{widget.id}"):
        response = client.get(path, follow=True)
        assert response.redirect_chain[-1][0].startswith("/admin/login/")
        assert "Shop" not in response.content.decode()


def test_unknown_widget_is_404(client: Client, charlie: User, widget: WidgetConfig) -> None:
    client.force_login(charlie)
    response = client.get(f"/widgets/{widget.id}", follow=True)
    assert "Shop" not in response.content.decode()
    assert client.get("/widgets/x").status_code == 404


@pytest.mark.costly
def test_names_are_escaped_on_every_page(client: Client, acme: Organization) -> None:
    Organization.objects.update(name=EVIL)
    acme.refresh_from_db()
    alice = make_member(acme, EVIL[:60], "owner")  # type: ignore[arg-type]
    agent = make_agent(acme, name=EVIL, instructions=EVIL)
    widget = make_widget(acme, agent=agent, name=EVIL, greeting=EVIL)
    contact = Contact.objects.create(organization=acme, name=EVIL)
    session, _ = create_widget_session(widget=widget)
    claim = {"name": EVIL}
    WidgetSession.objects.update(contact=contact, contact_claim=claim)
    append_message(session, role="user", content=EVIL, model=EVIL)
    key, _ = create_api_key(organization=acme, name=EVIL)
    client.force_login(alice)
    seen = ""
    for kind, row in (
        ("organizations/organization", acme),
        ("organizations/membership", alice.memberships.get()),
        ("organizations/apikey", key),
        ("agents/textagent", agent),
        ("contacts/contact", contact),
        ("widgets/widgetconfig", widget),
        ("widgets/widgetsession", session),
    ):
        client.post(f"/admin/{kind}/{row.pk}/change/", {"name": EVIL})
        for page in ("", "add/", f"{row.pk}/change/", f"{row.pk}/delete/", f"{row.pk}/history/"):
            seen += client.get(f"/admin/{kind}/{page}").content.decode()
        data = {"action": "delete_selected", "_selected_action": [str(row.pk)]}
        seen += client.post(f"/admin/{kind}/", data).content.decode()
    seen += client.get(f"/admin/widgets/widgetconfig/{widget.pk}/reset-widget-id/").content.decode()
    seen += client.get("/admin/").content.decode()
    assert seen.count("&lt;script&gt;alert(1)") > 30
    assert "<script>alert(1)" not in seen
    assert "<img src=x" not in seen


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("widgets/widgetconfig", "No widgets yet. A widget is the chat on your website."),
        ("agents/textagent", "No assistants yet."),
        ("contacts/contact", "No contacts yet. Visitors who leave their details appear here."),
        ("organizations/apikey", "No API keys yet."),
        ("organizations/invitation", "No open invitations."),
        ("webhooks/webhookendpoint", "No webhooks yet."),
        ("webhooks/webhookdelivery", "Nothing has been sent yet."),
        ("jobs/job", "No jobs are waiting, and none has failed."),
        ("widgets/erasurereceipt", "No contact has been erased yet."),
        ("agents/dailytokenusage", "Nothing was used yet on a day with a limit."),
        ("widgets/widgetsession", "No conversations yet."),
    ],
)
def test_empty_list_says_what_will_be_there(
    client: Client, alice: User, path: str, text: str
) -> None:
    client.force_login(alice)
    assert text in client.get(f"/admin/{path}/").content.decode()
    searched = client.get(f"/admin/{path}/?q=something", follow=True)
    if searched.context["cl"].query:
        assert text not in searched.content.decode()
