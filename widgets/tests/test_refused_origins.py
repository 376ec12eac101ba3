"""Sites refused in: staff see them, few rows are kept of them, one click lets them in."""

from datetime import datetime
from unittest.mock import AsyncMock

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.sockets import Visits
from widgets.chat.supervisor import supervisor
from widgets.models import RefusedOrigin, WidgetConfig
from widgets.services.configs import change_widget
from widgets.services.refusals import (
    MAX_ORIGIN_COUNTS,
    MAX_ORIGINS_PER_DAY,
    count_refused_origin,
    flush_refusals,
    has_refusals,
    origin_counts,
    refused_sites,
)


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(acme, name="Shop", allowed_origins=["https://shop.example"])


def ask(widget: WidgetConfig, origin: str) -> int:
    path = f"/api/widget/{widget.widget_id}/config"
    return Client().get(path, headers={"origin": origin}).status_code


def sites(widget: WidgetConfig) -> dict[str, int]:
    flush_refusals()
    return {site.origin: site.count for site in refused_sites(widget=widget)}


def page_of(widget: WidgetConfig) -> str:
    return f"/admin/widgets/widgetconfig/{widget.pk}/change/"


def test_a_refused_site_is_counted(widget: WidgetConfig) -> None:
    assert [ask(widget, "https://New.example") for _ in range(3)] == [403, 403, 403]
    assert ask(widget, "http://localhost:3000") == 403
    assert ask(widget, "https://shop.example") == 200
    assert has_refusals()
    assert sites(widget) == {"https://new.example": 3, "http://localhost:3000": 1}
    ask(widget, "https://new.example")
    assert sites(widget)["https://new.example"] == 4
    assert RefusedOrigin.objects.count() == 2


async def test_origin_refused_at_the_socket_is_counted(
    visit: Visits, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The test alone writes what was counted: the supervisor might be in the middle of it.
    monkeypatch.setattr(supervisor, "count_refusals", AsyncMock())
    widget = await in_database(make_widget, acme, allowed_origins=["https://shop.example"])
    assert not (await visit(widget, origin="https://new.example")).accepted
    assert await in_database(sites, widget) == {"https://new.example": 1}


@pytest.mark.parametrize(
    "origin", ["null", "x", "https://<script>", "https://a.example/path", "https://é.example", ""]
)
def test_invalid_origin_is_not_stored(widget: WidgetConfig, origin: str) -> None:
    count_refused_origin(widget_id=widget.widget_id, origins=[origin.encode()])
    count_refused_origin(widget_id=widget.widget_id, origins=[])
    count_refused_origin(widget_id=widget.widget_id, origins=[b"https://a.example"] * 2)
    assert sites(widget) == {}


def test_flood_of_origins_is_few_rows(widget: WidgetConfig) -> None:
    for number in range(2_000):
        count_refused_origin(widget_id=widget.widget_id, origins=[b"https://a%d.example" % number])
    assert len(origin_counts) == MAX_ORIGIN_COUNTS
    flush_refusals()
    for number in range(2_000, 2_100):
        count_refused_origin(widget_id=widget.widget_id, origins=[b"https://a%d.example" % number])
    flush_refusals()
    assert RefusedOrigin.objects.count() == MAX_ORIGINS_PER_DAY


def test_refused_origins_expire_after_a_week(
    widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at(text: str) -> None:
        now = datetime.fromisoformat(text)
        monkeypatch.setattr("widgets.services.refusals.timezone.now", lambda: now)

    at("2026-03-01T12:00:00+00:00")
    ask(widget, "https://old.example")
    assert sites(widget) == {"https://old.example": 1}
    at("2026-03-07T12:00:00+00:00")
    ask(widget, "https://old.example")
    assert sites(widget) == {"https://old.example": 2}
    at("2026-03-08T00:00:00+00:00")
    assert sites(widget) == {"https://old.example": 1}
    ask(widget, "https://new.example")
    assert sites(widget) == {"https://old.example": 1, "https://new.example": 1}
    assert RefusedOrigin.objects.filter(day="2026-03-01").count() == 0


def test_unwritten_counts_are_kept(widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(widget, "https://new.example")

    def fail(_: object) -> None:
        raise OSError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(origin_counts, "write", fail)
        with pytest.raises(OSError, match="full"):
            flush_refusals()
    assert sites(widget) == {"https://new.example": 1}


def test_allow_adds_the_origin(client: Client, alice: User, widget: WidgetConfig) -> None:
    ask(widget, "https://new.example")
    flush_refusals()
    client.force_login(alice)
    page = client.get(page_of(widget)).content.decode()
    assert 'value="https://new.example"' in page
    assert "Blocked websites, last 7 days" in page
    allow = f"/admin/widgets/widgetconfig/{widget.pk}/allow/"
    assert client.get(allow).status_code == 404
    response = client.post(allow, {"origin": "https://new.example"}, follow=True)
    assert "Allowed: https://new.example" in response.content.decode()
    widget.refresh_from_db()
    assert widget.allowed_origins == ["https://shop.example", "https://new.example"]
    assert ask(widget, "https://new.example") == 200
    assert "Blocked websites" not in client.get(page_of(widget)).content.decode()
    for nonsense in ("", "*", "x", "\x00"):
        client.post(allow, {"origin": nonsense})
    widget.refresh_from_db()
    assert len(widget.allowed_origins or []) == 2


def test_allow_answers_a_script_with_the_list_and_both_versions(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    client.force_login(alice)
    allow = f"/admin/widgets/widgetconfig/{widget.pk}/allow/"
    as_json = {"accept": "application/json"}
    form = client.get(page_of(widget)).context["adminform"].form
    response = client.post(allow, {"origin": "https://new.example"}, headers=as_json)
    after = client.get(page_of(widget)).context["adminform"].form
    assert response.json() == {
        "allowed_origins": ["https://shop.example", "https://new.example"],
        "before": form["version"].value(),
        "version": after["version"].value(),
    }
    refused = client.post(allow, {"origin": "*"}, headers=as_json)
    assert refused.status_code == 400
    assert refused.json()["message"]


def test_widget_without_an_origin_list_refuses_none(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    ask(widget, "https://new.example")
    flush_refusals()
    widget = change_widget(widget=widget, allowed_origins=None)
    assert sites(widget) == {}
    client.force_login(alice)
    client.post(f"/admin/widgets/widgetconfig/{widget.pk}/allow/", {"origin": "https://b.example"})
    widget.refresh_from_db()
    assert widget.allowed_origins is None


def test_viewer_sees_refused_origins_and_foreign_users_do_not(
    client: Client, bob: User, charlie: User, widget: WidgetConfig
) -> None:
    ask(widget, "https://new.example")
    flush_refusals()
    allow = f"/admin/widgets/widgetconfig/{widget.pk}/allow/"
    client.force_login(bob)
    page = client.get(page_of(widget)).content.decode()
    assert "https://new.example" in page
    assert "data-allow" not in page
    for user in (bob, charlie):
        client.force_login(user)
        assert client.post(allow, {"origin": "https://new.example"}).status_code == 404
    widget.refresh_from_db()
    assert widget.allowed_origins == ["https://shop.example"]
