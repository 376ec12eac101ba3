"""The preview beside a widget's form: what a form would be, before it is saved, and for whom."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.organizations.models import Organization
from loquent.server.headers import PREVIEW
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig
from widgets.services.configs import public_config

FRAME = "/admin/widgets/widgetconfig/preview/"
CHECK = "/admin/widgets/widgetconfig/check/"
FORM = {
    "name": "Typed", "greeting": "Hi", "primary_color": "#112233", "text_color": "#ffffff",
    "position": "bottom_left", "contact_info_mode": "optional", "collect_name": "on",
    "allowed_origins": "", "daily_message_cap": "",
}  # fmt: skip


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(acme, name="Saved", greeting="Stored", primary_color="#000000")


def check(client: Client, widget: WidgetConfig | None = None, **data: str) -> Any:
    path = f"{CHECK}?widget={widget.pk}" if widget else CHECK
    response = client.post(path, {**FORM, **data})
    assert response.status_code == 200
    return response.json()


def test_preview_uses_unsaved_settings(client: Client, alice: User, widget: WidgetConfig) -> None:
    client.force_login(alice)
    for about in (widget, None):
        config = check(client, about)["config"]
        assert config.keys() == public_config(widget).keys() | {"starters", "notice"}
        assert (config["name"], config["greeting"]) == ("Typed", "Hi")
        assert (config["position"], config["collect_name"]) == ("bottom_left", True)
    widget.refresh_from_db()
    assert (widget.name, widget.primary_color) == ("Saved", "#000000")
    assert WidgetConfig.objects.count() == 1


def test_preview_shows_session_settings(client: Client, alice: User, widget: WidgetConfig) -> None:
    client.force_login(alice)
    typed = {"starters": "One?\nTwo?", "notice_text": "I am an AI.", "notice_consent": "on"}
    config = check(client, widget, **typed)["config"]
    assert config["starters"] == ["One?", "Two?"]
    assert config["notice"] == {"text": "I am an AI.", "url": None, "consent": True}
    assert check(client, widget)["config"]["notice"] is None


def test_invalid_field_does_not_affect_the_others(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    client.force_login(alice)
    answer = check(client, widget, primary_color="#12", position="top", name="x" * 101)
    assert answer["config"]["primary_color"] == "#000000"
    assert answer["config"]["name"] == "Saved"
    assert answer["config"]["greeting"] == "Hi"
    assert answer["contrast"] == ""


def test_low_contrast_is_reported(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert check(client)["contrast"] == ""
    assert "1.0:1" in check(client, primary_color="#ffffff")["contrast"]


def test_origins_are_shown_as_they_would_be_stored(client: Client, alice: User) -> None:
    client.force_login(alice)
    origins = check(client, allowed_origins="Example.com/\r\n\r\nlocalhost")["origins"]
    assert origins[0] == {"typed": "Example.com/", "origin": "https://example.com", "error": ""}
    assert origins[1]["origin"] == ""
    assert "not a whole address" in origins[1]["error"]


def test_preview_requires_permission_to_save(
    client: Client, bob: User, charlie: User, widget: WidgetConfig
) -> None:
    for user in (bob, charlie):
        client.force_login(user)
        assert client.post(f"{CHECK}?widget={widget.pk}", FORM).status_code == 404
    for named in ("x", "00000000-0000-0000-0000-000000000000"):
        assert client.post(f"{CHECK}?widget={named}", FORM).status_code == 404
    client.force_login(bob)
    assert client.post(CHECK, FORM).status_code == 404
    assert client.get(CHECK).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(charlie)
    assert strict.post(CHECK, FORM).status_code == 403


def test_preview_frame_can_only_be_embedded_by_own_pages(client: Client, alice: User) -> None:
    assert client.get(FRAME).status_code == 302
    client.force_login(alice)
    response = client.get(FRAME)
    assert response["Content-Security-Policy"] == PREVIEW
    assert "frame-ancestors 'self'" in PREVIEW
    assert "unsafe" not in PREVIEW
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert client.post(FRAME).status_code == 405


def test_saving_reports_stored_origins_and_low_contrast(
    client: Client, alice: User, acme: Organization
) -> None:
    client.force_login(alice)
    data = {
        **FORM, "organization": acme.pk, "text_agent": make_agent(acme).pk,
        "allowed_origins": "Example.com/\r\nhttps://same.example", "primary_color": "#eeeeee",
    }  # fmt: skip
    page = client.post("/admin/widgets/widgetconfig/add/", data, follow=True).content.decode()
    assert "Example.com/ → https://example.com" in page
    assert "https://same.example →" not in page
    assert "has a contrast of 1.1:1" in page
    assert WidgetConfig.objects.get().primary_color == "#eeeeee"


def test_duplicated_widgets_are_disabled_copies(
    client: Client, alice: User, bob: User, widget: WidgetConfig
) -> None:
    data = {"action": "duplicate", "_selected_action": [str(widget.pk)]}
    client.force_login(bob)
    client.post("/admin/widgets/widgetconfig/", data)
    assert WidgetConfig.objects.count() == 1
    client.force_login(alice)
    page = client.post("/admin/widgets/widgetconfig/", data, follow=True).content.decode()
    assert "1 duplicated. The copies are disabled." in page
    copy = WidgetConfig.objects.exclude(pk=widget.pk).get()
    assert (copy.name, copy.greeting, copy.enabled) == ("Saved (copy)", "Stored", False)
    assert copy.widget_id != widget.widget_id
