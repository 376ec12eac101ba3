"""A visitor's page where staff and programs see it: in the admin, over REST, in an export."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from contacts.models import Contact
from loquent.agents.types import VisitorPage
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import WidgetMessage, WidgetSession
from widgets.services.history import append_message
from widgets.services.pages import save_page
from widgets.services.sessions import create_widget_session

EVIL = "<script>alert(1)</script>"
BAGS = "https://shop.example.com/bags?a=1&b=%22%3E"
PAGE = VisitorPage(BAGS, f"Bags {EVIL}", "https://search.example.com/", {"plan": f"pro {EVIL}"})
SAFE = 'target="_blank" rel="noopener noreferrer nofollow"'


@pytest.fixture
def session(acme: Organization) -> WidgetSession:
    session, _ = create_widget_session(widget=make_widget(acme))
    session.contact = Contact.objects.create(organization=acme, name="Jane")
    session.save(update_fields=["contact"])
    append_message(session, role="user", content="Hi", page_url=PAGE.url)
    save_page(session_id=session.id, page=PAGE)
    append_message(session, role="assistant", content="Hello")
    session.refresh_from_db()
    return session


def shown(client: Client, session: WidgetSession) -> str:
    return client.get(f"/admin/widgets/widgetsession/{session.id}/change/").content.decode()


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_staff_see_the_current_page_and_the_page_of_each_message(
    client: Client, alice: User, bob: User, session: WidgetSession, who: str
) -> None:
    client.force_login({"alice": alice, "bob": bob}[who])
    page = shown(client, session)
    link = f'<a href="https://shop.example.com/bags?a=1&amp;b=%22%3E" {SAFE}>'
    assert page.count(link) == 2
    assert f'<a href="https://search.example.com/" {SAFE}>' in page
    assert "Bags &lt;script&gt;" in page
    assert "pro &lt;script&gt;" in page
    assert EVIL not in page


def test_unknown_page_is_not_shown(client: Client, alice: User, acme: Organization) -> None:
    session, _ = create_widget_session(widget=make_widget(acme))
    append_message(session, role="user", content="Hi")
    client.force_login(alice)
    assert "noreferrer" not in shown(client, session)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", 'https://x/"onclick="a', "//evil.test"]
)
def test_only_http_urls_become_links(
    client: Client, alice: User, session: WidgetSession, address: str
) -> None:
    WidgetSession.objects.update(page_url=address, page_referrer=address)
    WidgetMessage.objects.update(page_url=address)
    client.force_login(alice)
    page = shown(client, session)
    for scheme in ("javascript", "data", "//evil"):
        assert f'href="{scheme}' not in page
    assert '"onclick="' not in page


def test_rest_returns_the_page(
    api: Callable[..., APIClient], acme_key: str, session: WidgetSession
) -> None:
    path = f"/api/v1/sessions/{session.id}/"
    page = api(acme_key).get(path).json()["page"]
    assert page.pop("at").endswith("Z")
    assert page == {
        "url": PAGE.url, "title": PAGE.title, "referrer": PAGE.referrer, "context": PAGE.context,
    }  # fmt: skip
    messages = api(acme_key).get(f"{path}messages/").json()["results"]
    assert [message["page_url"] for message in messages] == [BAGS, ""]


def test_rest_returns_null_for_an_unknown_page(
    api: Callable[..., APIClient], acme_key: str, acme: Organization
) -> None:
    create_widget_session(widget=make_widget(acme))
    [row] = api(acme_key).get("/api/v1/sessions/").json()["results"]
    assert row["page"] is None


def test_page_is_exported_and_erased(
    api: Callable[..., APIClient], acme_key: str, session: WidgetSession
) -> None:
    path = f"/api/v1/contacts/{session.contact_id}"
    [conversation] = api(acme_key).get(f"{path}/export/").json()["conversations"]
    assert conversation["page"]["url"] == BAGS
    assert conversation["page"]["context"] == PAGE.context
    assert conversation["page"]["at"].endswith("Z")
    assert [message["page_url"] for message in conversation["messages"]] == [BAGS, ""]
    assert api(acme_key).post(f"{path}/erase/").status_code == 200
    left = [*WidgetSession.objects.values(), *WidgetMessage.objects.values()]
    assert left == []
