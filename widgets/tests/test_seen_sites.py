"""Sites that show a widget: recorded cheaply, shown to staff, never without a bound."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import SeenSite, WidgetConfig
from widgets.services.configs import reset_widget_id
from widgets.services.refusals import flush_refusals
from widgets.services.setup import seen_sites
from widgets.services.setup.seen_sites import (
    MAX_SITES,
    flush_seen_sites,
    forget_seen_sites,
    has_seen_sites,
    installation,
    note_site,
)


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(acme, name="Shop", allowed_origins=["https://shop.example"])


def ask(widget: WidgetConfig, origin: str) -> int:
    path = f"/api/widget/{widget.widget_id}/config"
    return Client().get(path, headers={"origin": origin}).status_code


def seen(widget: WidgetConfig) -> list[str]:
    flush_seen_sites()
    return [site.origin for site in installation(widget=widget).seen]


def page_of(client: Client, widget: WidgetConfig, page: str = "install") -> str:
    address = f"/admin/widgets/widgetconfig/{widget.pk}/{page}/"
    return client.get(address).content.decode()


def test_site_that_shows_the_widget_is_recorded(widget: WidgetConfig) -> None:
    assert ask(widget, "https://shop.example") == 200
    assert ask(widget, "https://other.example") == 403
    assert has_seen_sites()
    assert seen(widget) == ["https://shop.example"]
    found = installation(widget=widget)
    assert found.newest is not None
    assert timezone.now() - found.newest.last_seen_at < timedelta(minutes=1)


def test_site_is_written_once_per_minute(
    widget: WidgetConfig, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(widget, "https://shop.example")
    flush_seen_sites()
    first = SeenSite.objects.get().last_seen_at
    for _ in range(20):
        ask(widget, "https://shop.example")
    assert not has_seen_sites()
    with django_assert_num_queries(0):
        flush_seen_sites()
    # Another process has its own memory; the row is not written again all the same.
    forget_seen_sites()
    ask(widget, "https://shop.example")
    assert seen(widget) == ["https://shop.example"]
    assert SeenSite.objects.get().last_seen_at == first
    forget_seen_sites()
    later = timezone.now() + timedelta(minutes=2)
    monkeypatch.setattr("widgets.services.setup.seen_sites.timezone.now", lambda: later)
    ask(widget, "https://shop.example")
    flush_seen_sites()
    assert SeenSite.objects.get().last_seen_at == later


@pytest.mark.parametrize("origin", [None, "null", "x", "https://a.example/path", "x" * 400])
def test_request_without_a_site_is_not_recorded(acme: Organization, origin: str | None) -> None:
    widget = make_widget(acme)
    note_site(widget_id=widget.widget_id, origin=origin)
    assert seen(widget) == []


def test_own_address_is_no_installation(widget: WidgetConfig) -> None:
    assert ask(widget, "http://127.0.0.1:8000") == 200
    assert seen(widget) == []


def test_local_site_is_shown_but_is_no_installation(acme: Organization) -> None:
    widget = make_widget(acme)
    for origin in ("http://localhost:3000", "http://127.0.0.1:5500", "http://shop.localhost"):
        ask(widget, origin)
    assert len(seen(widget)) == 3
    assert installation(widget=widget).newest is None
    ask(widget, "https://localhost.example")
    seen(widget)
    newest = installation(widget=widget).newest
    assert newest is not None
    assert newest.origin == "https://localhost.example"


def test_flood_of_sites_is_few_rows(acme: Organization) -> None:
    widget = make_widget(acme)
    for number in range(MAX_SITES + 30):
        note_site(widget_id=widget.widget_id, origin=f"https://a{number}.example")
    flush_seen_sites()
    assert SeenSite.objects.count() == MAX_SITES
    # Rows past their time make room.
    SeenSite.objects.update(last_seen_at=timezone.now() - timedelta(days=31))
    note_site(widget_id=widget.widget_id, origin="https://new.example")
    assert seen(widget) == ["https://new.example"]


def test_unknown_widget_is_dropped_and_failure_keeps_sites(
    widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_site(widget_id="wid_gone", origin="https://shop.example")
    ask(widget, "https://shop.example")

    def fail(_: object) -> None:
        raise OSError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(seen_sites, "_write", fail)
        with pytest.raises(OSError, match="full"):
            flush_seen_sites()
    assert seen(widget) == ["https://shop.example"]
    assert SeenSite.objects.count() == 1


def test_sites_of_a_widget_survive_a_new_widget_id(widget: WidgetConfig) -> None:
    ask(widget, "https://shop.example")
    flush_seen_sites()
    assert seen(reset_widget_id(widget=widget)) == ["https://shop.example"]


def test_install_page_says_where_the_chat_is(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    client.force_login(alice)
    assert "Not seen yet" in page_of(client, widget)
    ask(widget, "https://www.shop.example")
    flush_refusals()
    for page in ("install", "sites"):
        text = page_of(client, widget, page)
        assert "A site tried to show this chat and was refused." in text
        assert 'name="origin" value="https://www.shop.example"' in text
    allow = f"/admin/widgets/widgetconfig/{widget.pk}/allow/"
    form = {"origin": "https://www.shop.example", "from": "install"}
    assert client.post(allow, form)["Location"].endswith("/install/")
    assert ask(widget, "https://www.shop.example") == 200
    flush_seen_sites()
    text = page_of(client, widget, "sites")
    assert "Your chat is on your site." in text
    assert "https://www.shop.example" in text
    assert "Refused" not in text
    assert "Installed: https://www.shop.example" in page_of(client, widget, "change")


def test_disabled_widget_says_so(client: Client, alice: User, acme: Organization) -> None:
    client.force_login(alice)
    assert "The widget is off" in page_of(client, make_widget(acme, enabled=False), "sites")


def test_viewer_sees_sites_without_allowing_any(
    client: Client, bob: User, charlie: User, widget: WidgetConfig
) -> None:
    ask(widget, "https://www.shop.example")
    flush_refusals()
    client.force_login(bob)
    text = page_of(client, widget)
    assert "https://www.shop.example" in text
    assert "lq-allow" not in text.replace('form="lq-allow"', "")
    assert client.post(f"/admin/widgets/widgetconfig/{widget.pk}/install/").status_code == 404
    client.force_login(charlie)
    for page in ("install", "sites", "qr"):
        address = f"/admin/widgets/widgetconfig/{widget.pk}/{page}/"
        assert client.get(address).status_code == 404
