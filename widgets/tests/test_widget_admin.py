"""Widgets in the admin: one form, the rules of the services, errors beside their fields."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.agents.models import TextAgent
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig

LIST = "/admin/widgets/widgetconfig/"
FORM = {
    "name": "Shop",
    "handoff_enabled": "on",
    "enabled": "on",
    "greeting": "Hello!",
    "primary_color": "#112233",
    "text_color": "#ffffff",
    "position": "bottom_left",
    "contact_info_mode": "optional",
    "collect_email": "on",
    "starters": "Do you ship to Norway? \r\n\r\n  How do I return something?",
    "notice_text": "You are chatting with an AI.",
    "notice_url": "https://example.com/privacy",
    "notice_consent": "on",
    "allowed_origins": "Example.com/\r\n\r\n  https://*.example.org\r\nhttps://example.com:443",
    "daily_message_cap": "7",
}


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme)


@pytest.fixture
def widget(acme: Organization, agent: TextAgent) -> WidgetConfig:
    return make_widget(acme, agent=agent, name="Old", allowed_origins=["https://old.example"])


@pytest.fixture
def form(acme: Organization, agent: TextAgent) -> dict[str, Any]:
    return {"organization": acme.id, "text_agent": agent.id, **FORM}


@pytest.fixture
def client(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def errors(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    found: dict[str, list[str]] = response.context["adminform"].form.errors
    return found


def test_widget_is_created(client: Client, acme: Organization, form: dict[str, Any]) -> None:
    page = client.get(f"{LIST}add/").content.decode()
    # With one organization there is nothing to choose.
    assert re.search(rf'<input type="hidden" name="organization" value="{acme.id}"', page)
    response = client.post(f"{LIST}add/", form)
    assert response.status_code == 302
    widget = WidgetConfig.objects.get()
    assert widget.widget_id.startswith("wid_")
    assert widget.allowed_origins == ["https://example.com", "https://*.example.org"]
    assert (widget.name, widget.greeting, widget.daily_message_cap) == ("Shop", "Hello!", 7)
    assert (widget.collect_email, widget.collect_name) == (True, False)
    assert widget.starters == ["Do you ship to Norway?", "How do I return something?"]
    assert widget.notice == {
        "text": "You are chatting with an AI.",
        "url": "https://example.com/privacy",
        "consent": True,
    }
    assert widget.enabled
    config = Client().get(
        f"/api/widget/{widget.widget_id}/config", headers={"origin": "https://a.example.org"}
    )
    assert config.json()["primary_color"] == "#112233"


def test_widget_is_changed(client: Client, widget: WidgetConfig, form: dict[str, Any]) -> None:
    path = f"{LIST}{widget.id}/change/"
    page = client.get(path).content.decode()
    assert "https://old.example</textarea>" in page
    del form["enabled"]
    del form["notice_consent"]
    empty = {
        "name": "", "greeting": " ", "allowed_origins": " \r\n ", "daily_message_cap": "",
        "starters": "\r\n", "notice_text": " ", "notice_url": "",
    }  # fmt: skip
    assert client.post(path, {**form, **empty}).status_code == 302
    before = widget.widget_id
    widget.refresh_from_db()
    assert (widget.name, widget.greeting, widget.allowed_origins) == (None, None, None)
    assert (widget.daily_message_cap, widget.enabled, widget.widget_id) == (None, False, before)
    assert (widget.starters, widget.notice) == ([], None)


@pytest.mark.parametrize(
    ("data", "field", "reason"),
    [
        (
            {"allowed_origins": "https://ok.example\nhttps://x.example/shop"},
            "allowed_origins",
            "a path",
        ),
        ({"allowed_origins": "*"}, "allowed_origins", "leave the list empty"),
        ({"allowed_origins": "localhost:3000"}, "allowed_origins", "not a whole address"),
        ({"allowed_origins": "https://<script>alert(1)</script>"}, "allowed_origins", "a path"),
        (
            {"allowed_origins": "\n".join(f"{n}.example.com" for n in range(51))},
            "allowed_origins",
            "50",
        ),
        ({"primary_color": "red"}, "primary_color", "#rrggbb"),
        ({"text_color": ""}, "text_color", "required"),
        ({"position": "top"}, "position", "valid choice"),
        ({"name": "x" * 101}, "name", "100"),
        ({"name": "a\x00b"}, "name", "ull characters"),
        ({"greeting": "x" * 2_001}, "greeting", "2000"),
        ({"daily_message_cap": "-1"}, "daily_message_cap", "or more"),
        ({"daily_message_cap": "1.5"}, "daily_message_cap", "whole number"),
        ({"daily_message_cap": "9" * 40}, "daily_message_cap", "less"),
        (
            {"contact_info_mode": "required", "collect_email": ""},
            "contact_info_mode",
            "at least one",
        ),
        ({"starters": "\n".join(f"{n}?" for n in range(7))}, "starters", "At most 6"),
        ({"starters": f"Short?\r\n{'x' * 121}"}, "starters", "Question 2 has 121 characters"),
        ({"notice_text": " "}, "notice_text", "Enter the text of the notice"),
        ({"notice_text": "x" * 501}, "notice_text", "500"),
        ({"notice_url": "javascript:alert(1)"}, "notice_url", "https://"),
        ({"notice_url": "example.com/privacy"}, "notice_url", "https://"),
        ({"notice_url": f"https://example.com/{'x' * 481}"}, "notice_url", "500"),
        ({"text_agent": ""}, "text_agent", "required"),
        ({"text_agent": "x"}, "text_agent", ""),
        ({"text_agent": "00000000-0000-0000-0000-000000000000"}, "text_agent", "choice"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_errors_appear_at_the_field_and_input_is_kept(
    client: Client,
    widget: WidgetConfig,
    form: dict[str, Any],
    data: dict[str, str],
    field: str,
    reason: str,
) -> None:
    typed = {**form, **data}
    if not typed["collect_email"]:
        del typed["collect_email"]
    for path in (f"{LIST}add/", f"{LIST}{widget.id}/change/"):
        response = client.post(path, typed)
        assert list(errors(response)) == [field]
        assert reason in errors(response)[field][0]
        # As typed, and not as a widget of HTML.
        shown = response.context["adminform"].form
        assert shown["allowed_origins"].value() == typed["allowed_origins"]
        for name in ("greeting", "starters", "notice_text", "notice_url"):
            assert shown[name].value() == typed[name]
        assert "<script>alert(1)" not in response.content.decode()
    assert WidgetConfig.objects.count() == 1
    widget.refresh_from_db()
    assert (widget.name, widget.allowed_origins) == ("Old", ["https://old.example"])


def test_all_invalid_fields_are_reported_together(
    client: Client, widget: WidgetConfig, form: dict[str, Any]
) -> None:
    data = {**form, "text_color": "", "notice_text": ""}
    found = errors(client.post(f"{LIST}{widget.id}/change/", data))
    assert set(found) == {"text_color", "__all__"}
    assert found["__all__"][0].startswith("A notice needs its text")


def test_fields_outside_the_form_cannot_be_set(
    client: Client, widget: WidgetConfig, form: dict[str, Any], globex: Organization
) -> None:
    before = widget.widget_id
    data = {**form, "widget_id": "wid_mine", "organization": globex.id, "id": "x"}
    assert client.post(f"{LIST}{widget.id}/change/", data).status_code == 302
    widget.refresh_from_db()
    assert (widget.widget_id, widget.organization.name) == (before, "Acme")


def test_the_details_page_has_the_embed_code(client: Client, widget: WidgetConfig) -> None:
    page = client.get(f"{LIST}{widget.id}/change/").content.decode()
    tag = (
        "&lt;script src=&quot;http://127.0.0.1:8000/api/widget/embed.js&quot; "
        f"data-widget=&quot;{widget.widget_id}&quot;&gt;&lt;/script&gt;"
    )
    assert tag in page
    assert f"{LIST}{widget.id}/reset-widget-id/" in page
    assert "Embed code" not in client.get(f"{LIST}add/").content.decode()


def test_reset_asks_for_confirmation(client: Client, widget: WidgetConfig) -> None:
    path, before = f"{LIST}{widget.id}/reset-widget-id/", widget.widget_id
    page = client.get(path)
    assert page.status_code == 200
    assert before in page.content.decode()
    widget.refresh_from_db()
    assert widget.widget_id == before
    response = client.post(path, follow=True)
    widget.refresh_from_db()
    assert widget.widget_id != before
    assert widget.widget_id in response.content.decode()
    assert Client().get(f"/api/widget/{before}/config").status_code == 404


def test_reset_needs_the_csrf_token(widget: WidgetConfig, alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.post(f"{LIST}{widget.id}/reset-widget-id/").status_code == 403
    assert WidgetConfig.objects.get().widget_id == widget.widget_id


@pytest.mark.parametrize("id", ["00000000-0000-0000-0000-000000000000", "x", "%00"])
def test_reset_of_an_unknown_widget_is_handled(client: Client, db: None, id: str) -> None:  # noqa: A002
    assert client.post(f"{LIST}{id}/reset-widget-id/", follow=True).status_code in {200, 404}


def test_actions_switch_widgets_on_and_off(
    client: Client, widget: WidgetConfig, acme: Organization
) -> None:
    other = make_widget(acme)
    for action, enabled in (("disable", False), ("enable", True)):
        data = {"action": action, "_selected_action": [str(widget.id)]}
        body = client.post(LIST, data, follow=True).content.decode()
        assert f"1 {action}d." in body
        before = widget.updated_at
        widget.refresh_from_db()
        assert widget.enabled is enabled
        assert widget.updated_at > before
        status = Client().get(f"/api/widget/{widget.widget_id}/config").status_code
        assert status == (403 if enabled else 404)
    other.refresh_from_db()
    assert other.enabled


def test_the_list_shows_status_and_use(client: Client, widget: WidgetConfig) -> None:
    WidgetConfig.objects.update(enabled=False, daily_message_cap=7)
    body = client.get(LIST).content.decode()
    assert str(widget.id) in body
    assert "Disabled" in body
    assert "0 of 7" in body


@pytest.mark.costly
def test_list_query_count_is_constant(
    client: Client, acme: Organization, widget: WidgetConfig, django_assert_num_queries: Any
) -> None:
    make_widget(acme)
    with django_assert_num_queries(30, exact=False) as few:
        client.get(LIST)
    for _ in range(20):
        make_widget(acme)
    with django_assert_num_queries(len(few)):
        client.get(LIST)


def test_widget_is_deleted(client: Client, widget: WidgetConfig) -> None:
    assert client.post(f"{LIST}{widget.id}/delete/", {"post": "yes"}).status_code == 302
    assert WidgetConfig.objects.count() == 0


def test_agent_in_use_cannot_be_deleted(client: Client, widget: WidgetConfig) -> None:
    agents = "/admin/agents/textagent/"
    selected = [str(widget.text_agent_id)]
    data = {"action": "delete_selected", "_selected_action": selected, "post": "yes"}
    for response in (
        client.post(agents, data),
        client.post(f"{agents}{selected[0]}/delete/", {"post": "yes"}),
    ):
        assert response.status_code == 200
        assert "Cannot delete" in response.content.decode()
        assert "Old" in response.content.decode()
    assert TextAgent.objects.count() == 1


def test_viewer_can_only_read(bob: User, widget: WidgetConfig, form: dict[str, Any]) -> None:
    client = Client()
    client.force_login(bob)
    page = client.get(f"{LIST}{widget.id}/change/").content.decode()
    assert widget.widget_id in page
    assert "reset-widget-id" not in page
    assert 'name="_save"' not in page
    for path in ("add/", f"{widget.id}/change/", f"{widget.id}/delete/"):
        assert client.post(f"{LIST}{path}", {**form, "post": "yes"}).status_code == 403
    assert client.get(f"{LIST}{widget.id}/reset-widget-id/").status_code == 404
    assert client.post(f"{LIST}{widget.id}/reset-widget-id/").status_code == 404
    for action in ("enable", "disable", "delete_selected"):
        data = {"action": action, "_selected_action": [str(widget.id)], "post": "yes"}
        client.post(LIST, data)
    after = WidgetConfig.objects.get()
    assert (after.name, after.enabled, after.widget_id) == ("Old", True, widget.widget_id)


def test_new_widget_starts_with_a_readable_colour(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    client.force_login(alice)
    form = client.get("/admin/widgets/widgetconfig/add/").context["adminform"].form
    assert form["primary_color"].value() == "#4f46e5"
    # The REST API keeps its default, and so does a stored widget.
    page = client.get(f"/admin/widgets/widgetconfig/{widget.pk}/change/")
    assert page.context["adminform"].form["primary_color"].value() == "#6366f1"


def test_new_widget_starts_with_the_only_assistant(
    client: Client, acme: Organization, globex: Organization, agent: TextAgent
) -> None:
    make_agent(globex)
    add = "/admin/widgets/widgetconfig/add/"
    assert client.get(add).context["adminform"].form["text_agent"].value() == agent.pk
    make_agent(acme)
    assert client.get(add).context["adminform"].form["text_agent"].value() is None


def test_errors_are_summarized_with_links_to_their_fields(
    client: Client, widget: WidgetConfig, form: dict[str, Any]
) -> None:
    data = {**form, "text_color": "<b>", "allowed_origins": "*"}
    page = client.post(f"{LIST}{widget.id}/change/", data).content.decode()
    summary = page.partition('<ul class="lq-error-links">')[2].partition("</ul>")[0]
    links = re.findall(r'<a href="#(\w+)">(.*?)</a>', summary)
    assert [field for field, _ in links] == ["id_text_color", "id_allowed_origins"]
    assert links[0][1].startswith("Text colour: Enter a colour")
    assert links[1][1].startswith("Allowed sites: ")
    assert "lq-error-links" not in client.get(f"{LIST}{widget.id}/change/").content.decode()
