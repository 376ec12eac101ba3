"""In the admin, what belongs to another organization is not there."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from contacts.models import Contact
from loquent.agents.models import TextAgent
from loquent.organizations.models import ApiKey, Invitation, Membership, Organization, Role
from loquent.organizations.services.invitations import invite
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.people import make_agent, make_member, make_widget
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.sessions import create_widget_session

MARK = "Secret of Acme"
MODELS: list[type[Model]] = [
    Organization, Membership, Invitation, ApiKey, TextAgent, Contact, WidgetConfig, WidgetSession,
]  # fmt: skip


def url(model: type[Model], page: str, *arguments: object) -> str:
    options = model._meta
    return reverse(f"admin:{options.app_label}_{options.model_name}_{page}", args=arguments)


@pytest.fixture(autouse=True)
def _acmes(acme: Organization, alice: User) -> None:
    invite(organization=acme, email="new@example.com", role=Role.OWNER, invited_by=alice)
    Organization.objects.filter(id=acme.id).update(name=MARK)
    create_api_key(organization=acme, name=MARK)
    widget = make_widget(acme, agent=make_agent(acme, name=MARK), name=MARK)
    contact = Contact.objects.create(organization=acme, name=MARK)
    session, _ = create_widget_session(widget=widget)
    WidgetSession.objects.filter(id=session.id).update(contact=contact)


def acmes(model: type[Any]) -> Any:
    if model is Organization:
        return Organization.objects.get(name=MARK)
    path = "widget__organization__name" if model is WidgetSession else "organization__name"
    return model.objects.filter(**{path: MARK}).first()


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_pages_show_no_foreign_rows(
    client: Client, charlie: User, model: type[Model]
) -> None:
    client.force_login(charlie)
    row = acmes(model)
    for query in ({}, {"q": "Secret"}, {"organization__name": MARK}, {"e": "1"}):
        response = client.get(url(model, "changelist"), query, follow=True)
        body = response.content.decode()
        assert str(row.pk) not in body
        assert MARK not in body.replace("?organization__name=", "") or "q" in query
    pages = [url(model, "change", row.pk), url(model, "delete", row.pk)]
    for page in [*pages, url(model, "history", row.pk)]:
        for response in (client.get(page), client.post(page, {"post": "yes", "name": "Mine"})):
            # As Django answers where there is no such row.
            assert response.status_code in {302, 403, 405}
            assert MARK not in response.content.decode()
    assert acmes(model) == row


@pytest.mark.parametrize("model", MODELS)
def test_bulk_actions_ignore_foreign_rows(
    client: Client, charlie: User, model: type[Model]
) -> None:
    client.force_login(charlie)
    row = acmes(model)
    for action in ("delete_selected", "disable", "enable", "revoke", "apply_claim"):
        data = {"action": action, "_selected_action": [str(row.pk)], "post": "yes"}
        assert client.post(url(model, "changelist"), data).status_code in {200, 302}
    assert acmes(model) == row
    assert WidgetConfig.objects.get().enabled
    assert ApiKey.objects.get().revoked_at is None


def test_foreign_widget_cannot_be_reset(client: Client, charlie: User) -> None:
    client.force_login(charlie)
    widget = WidgetConfig.objects.get()
    path = f"/admin/widgets/widgetconfig/{widget.id}/reset-widget-id/"
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404
    assert WidgetConfig.objects.get().widget_id == widget.widget_id


@pytest.mark.parametrize("model", [TextAgent, Contact, WidgetConfig, ApiKey, Invitation])
def test_rows_cannot_be_added_to_a_foreign_organization(
    client: Client, charlie: User, acme: Organization, model: type[Any]
) -> None:
    client.force_login(charlie)
    page = client.get(url(model, "add")).content.decode()
    assert MARK not in page
    assert str(acme.id) not in page
    data = {
        "organization": acme.id, "name": "Mine", "email": "mine@example.com", "role": "owner",
        "password": "correct horse battery", "model": "builtin:knowledge",
    }  # fmt: skip
    count = model.objects.count()
    response = client.post(url(model, "add"), data)
    assert response.status_code == 200
    assert "organization" in response.context["adminform"].form.errors
    assert model.objects.count() == count


def test_foreign_agent_is_not_offered(client: Client, charlie: User, globex: Organization) -> None:
    client.force_login(charlie)
    own = make_widget(globex, name="Own")
    agent = TextAgent.objects.get(name=MARK)
    page = url(WidgetConfig, "change", own.pk)
    assert str(agent.id) not in client.get(page).content.decode()
    response = client.post(page, {"text_agent": agent.id, "name": "Own"})
    assert "text_agent" in response.context["adminform"].form.errors
    own.refresh_from_db()
    assert own.text_agent != agent


def test_agent_of_the_users_other_organization_is_refused(
    client: Client, charlie: User, globex: Organization, acme: Organization
) -> None:
    Membership.objects.create(organization=acme, user=charlie, role=Role.OWNER)
    client.force_login(charlie)
    own = make_widget(globex, name="Own")
    data = {
        "text_agent": TextAgent.objects.get(name=MARK).id, "name": "Own", "position": "bottom_left",
        "primary_color": "#000000", "text_color": "#ffffff", "contact_info_mode": "none",
    }  # fmt: skip
    response = client.post(url(WidgetConfig, "change", own.pk), data)
    assert list(response.context["adminform"].form.errors) == ["text_agent"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
def test_owner_of_another_organization_has_no_owner_rights_here(
    client: Client, charlie: User, acme: Organization, role: Role
) -> None:
    Membership.objects.create(organization=acme, user=charlie, role=role)
    client.force_login(charlie)
    key = ApiKey.objects.get()
    keys = url(ApiKey, "changelist")
    assert key.prefix not in client.get(keys).content.decode()
    client.post(keys, {"action": "revoke", "_selected_action": [str(key.pk)]})
    assert ApiKey.objects.get().revoked_at is None
    for model in (ApiKey, Invitation):
        data = {
            "organization": acme.id, "name": "Mine", "email": "mine@example.com",
            "role": "owner", "password": "correct horse battery",
        }  # fmt: skip
        response = client.post(url(model, "add"), data)
        assert "organization" in response.context["adminform"].form.errors
    assert list(Invitation.objects.values_list("email", flat=True)) == ["new@example.com"]
    alices = Membership.objects.get(organization=acme, role=Role.OWNER)
    assert client.post(url(Membership, "change", alices.pk), {"role": "viewer"}).status_code == 403
    page = url(Organization, "change", acme.pk)
    assert client.post(page, {"name": "Mine", "timezone": "UTC"}).status_code == 403
    if role == Role.VIEWER:
        widget = WidgetConfig.objects.get()
        assert client.post(url(WidgetConfig, "change", widget.pk), {}).status_code == 403
        for action in ("disable", "delete_selected"):
            data = {"action": action, "_selected_action": [str(widget.pk)], "post": "yes"}
            client.post(url(WidgetConfig, "changelist"), data)
        assert WidgetConfig.objects.get().enabled


def test_member_of_both_sees_only_the_current_organization(
    client: Client, acme: Organization, globex: Organization
) -> None:
    user = make_member(acme, "dora", Role.ADMIN)
    Membership.objects.create(organization=globex, user=user, role=Role.VIEWER)
    make_widget(globex, name="Of Globex")
    client.force_login(user)
    widgets = url(WidgetConfig, "changelist")
    own = WidgetConfig.objects.get(name=MARK)
    body = client.get(widgets).content.decode()
    assert str(own.pk) in body
    assert "Of Globex" not in body
    client.post("/admin/switch-organization/", {"organization": globex.pk})
    body = client.get(widgets).content.decode()
    assert "Of Globex" in body
    assert str(own.pk) not in body
