"""`/chat/<widget_id>`: the chat as a page of its own."""

import pytest
from django.test import Client

from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.services.setup.snippets import save_embed_options


def test_page_shows_the_widget_whatever_sites_are_allowed(
    client: Client, acme: Organization
) -> None:
    widget = make_widget(acme, name="A & B", allowed_origins=["https://shop.example"])
    save_embed_options(widget=widget, options={"theme": "dark"})
    response = client.get(f"/chat/{widget.widget_id}", headers={"accept-language": "de-CH,de"})
    page = response.content.decode()
    assert response.status_code == 200
    assert "<title>A &amp; B</title>" in page
    assert '<html lang="de">' in page
    assert f'data-widget="{widget.widget_id}" data-open data-theme="dark"' in page
    assert "Accept-Language" in response["Vary"]
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert str(acme.id) not in page


def test_unnamed_widget_has_a_title(client: Client, acme: Organization) -> None:
    page = client.get(f"/chat/{make_widget(acme).widget_id}").content.decode()
    assert "<title>Chat</title>" in page


@pytest.mark.parametrize("name", ["wid_unknown", "x", "wid_" + "a" * 500, "%00"])
def test_unknown_widget_is_not_found(client: Client, db: None, name: str) -> None:
    response = client.get(f"/chat/{name}")
    assert response.status_code == 404
    assert "Chat not found" in response.content.decode()


def test_disabled_widget_is_not_found(client: Client, acme: Organization) -> None:
    widget = make_widget(acme, name="Secret", enabled=False)
    response = client.get(f"/chat/{widget.widget_id}")
    assert response.status_code == 404
    assert "Secret" not in response.content.decode()
    assert "<script" not in response.content.decode()
