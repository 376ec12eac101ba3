"""A new SECRET_KEY beside the old one in SECRET_KEY_FALLBACKS invalidates nothing in use.

What was used once in that time needs the old key no longer.
"""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from loquent.organizations.models import Organization, Role
from loquent.organizations.services.invitations import invite, mail_invitation
from loquent.organizations.services.known_networks import is_known_network, remember_network
from loquent.testing.jobs import run_due_jobs
from loquent.testing.people import api_client, make_agent, make_widget
from widgets.models import Notification, WidgetSession
from widgets.models.notifications import Channel
from widgets.services.notify.push.server_key import public_key_of_server
from widgets.services.notify.visitor import (
    find_link,
    find_stop,
    may_write,
    new_link_token,
    stop_mail,
    stop_value,
    use_link,
)
from widgets.services.sessions import create_widget_session, resume_widget_session

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "another key for tests only, as long as a key should be"
Change = Callable[[], None]


@pytest.fixture
def change(settings: Settings) -> Change:
    """Give the server a new key, and keep the old one for now."""

    def replace() -> None:
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = NEW

    return replace


def test_staff_stay_logged_in(alice: User, change: Change, settings: Settings) -> None:
    client = Client()
    client.force_login(alice)
    change()
    assert client.get("/admin/inbox/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get("/admin/inbox/").status_code == 200


def test_log_out_ends_a_session_of_the_old_key(alice: User, change: Change) -> None:
    client = Client()
    client.force_login(alice)
    stolen = client.cookies["sessionid"].value
    change()
    client.post("/admin/logout/")
    client.cookies["sessionid"] = stolen
    assert client.get("/admin/inbox/").status_code == 302


def test_api_key_works(acme_key: str, change: Change, settings: Settings) -> None:
    client = api_client(acme_key)
    change()
    assert client.get("/api/v1/widgets/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get("/api/v1/widgets/").status_code == 200


def test_visitor_keeps_the_conversation(
    acme: Organization, change: Change, settings: Settings
) -> None:
    widget = make_widget(acme, agent=make_agent(acme))
    session, token = create_widget_session(widget=widget)
    change()
    assert resume_widget_session(widget=widget, token=token) == session
    settings.SECRET_KEY_FALLBACKS = []
    assert resume_widget_session(widget=widget, token=token) == session


@pytest.fixture
def sent(acme: Organization) -> Notification:
    """A mail to a visitor, with a link."""
    session, _ = create_widget_session(widget=make_widget(acme))
    WidgetSession.objects.filter(id=session.id).update(reply_email="jane@example.com")
    return Notification.objects.create(
        session=session, channel=Channel.VISITOR_MAIL, state="sent", sent_at=timezone.now()
    )


def test_link_of_a_mail_works_once(sent: Notification, change: Change, settings: Settings) -> None:
    earlier = use_link(token=new_link_token(sent))
    Notification.objects.update(used_at=None)
    token = new_link_token(sent)
    change()
    assert find_link(token=token) is not None
    assert use_link(token=token) is not None
    assert use_link(token=token) is None
    assert earlier is not None
    widget = sent.session.widget
    assert resume_widget_session(widget=widget, token=earlier.session_token) == sent.session
    settings.SECRET_KEY_FALLBACKS = []
    assert resume_widget_session(widget=widget, token=earlier.session_token) == sent.session


def test_address_that_wants_no_mail_gets_none(
    sent: Notification, change: Change, settings: Settings
) -> None:
    sent.session.refresh_from_db()
    link = find_stop(value=stop_value(sent.session, address="jane@example.com"))
    assert link is not None
    assert may_write(sent)
    stop_mail(link)
    change()
    assert not may_write(sent)
    settings.SECRET_KEY_FALLBACKS = []
    assert not may_write(sent)


def test_invitation_is_mailed_and_opens(alice: User, acme: Organization, change: Change) -> None:
    row, token = invite(
        organization=acme, email="new@example.com", role=Role.VIEWER, invited_by=alice
    )
    mail_invitation(invitation=row)
    change()
    run_due_jobs()
    [message] = mail.outbox
    found = re.search(r"/join/(lqi_[\w-]+)", str(message.body))
    assert found is not None
    assert found[1] == token
    client = Client()
    assert client.get(f"/admin/join/{token}/", follow=True).status_code == 200


def test_known_network_stays_known(alice: User, change: Change) -> None:
    remember_network(user=alice, network="192.0.2.1")
    change()
    assert is_known_network(name=alice.username, network="192.0.2.1")


def test_repeated_request_is_recognised(acme_key: str, change: Change) -> None:
    client = api_client(acme_key)
    once = {"Idempotency-Key": "once"}
    first = client.post("/api/v1/contacts/", {"name": "Jane"}, headers=once)
    change()
    again = client.post("/api/v1/contacts/", {"name": "Jane"}, headers=once)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]


def test_push_key_is_kept(change: Change, settings: Settings) -> None:
    key = public_key_of_server()
    change()
    assert public_key_of_server() == key
    settings.SECRET_KEY_FALLBACKS = []
    assert public_key_of_server() == key


def test_without_the_old_key_nothing_of_it_works(
    alice: User, acme: Organization, acme_key: str, settings: Settings
) -> None:
    client = Client()
    client.force_login(alice)
    widget = make_widget(acme, agent=make_agent(acme))
    _, token = create_widget_session(widget=widget)
    settings.SECRET_KEY = NEW
    assert client.get("/admin/inbox/").status_code == 302
    assert api_client(acme_key).get("/api/v1/widgets/").status_code == 401
    assert resume_widget_session(widget=widget, token=token) is None
