"""Two people edit one widget: nobody overwrites what they haven't seen, nothing typed is lost."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig
from widgets.services.configs import change_widget, reset_widget_id


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    agent = make_agent(acme, name="First agent")
    return make_widget(
        acme, agent=agent, name="Old", greeting="Hello\nthere", collect_email=True,
        contact_info_mode="optional", allowed_origins=["https://a.example"],
    )  # fmt: skip


@pytest.fixture
def client(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def address(widget: WidgetConfig) -> str:
    return f"/admin/widgets/widgetconfig/{widget.pk}/change/"


def form_of(response: Any) -> dict[str, str]:
    """What a browser would send back of a page: the fields as they stand in it."""
    form = response.context["adminform"].form
    sent = {}
    for name in form.fields:
        value = form[name].value()
        if value is True or value == "on":
            sent[name] = "on"
        elif value not in (None, False, "", []):
            value = "\n".join(value) if isinstance(value, list) else str(value)
            sent[name] = value.replace("\n", "\r\n")
    return sent


def sentences(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(map(str, response.context["adminform"].form.non_field_errors()))


def test_second_editor_sees_the_changes_and_keeps_their_input(
    client: Client, widget: WidgetConfig
) -> None:
    form = form_of(client.get(address(widget)))
    agent = make_agent(widget.organization, name="B")
    change_widget(
        widget=widget, name="New", primary_color="#000000", collect_email=False,
        collect_phone=True, text_agent_id=agent.id,
    )  # fmt: skip
    typed = {**form, "name": "Mine", "greeting": "Typed for an hour"}
    response = client.post(address(widget), typed)
    said = sentences(response)
    assert "Another user changed this widget" in said
    assert "Name is now “New”." in said
    assert "Main colour is now “#000000”." in said
    assert "Email is now off" in said
    assert "Phone number is now on" in said
    assert "Assistant is now “B”" in said
    widget.refresh_from_db()
    assert widget.greeting == "Hello\nthere"
    again = form_of(response)
    assert {**again, "version": ""} == {**typed, "version": ""}
    # What the second enters after that is saved, and no other field of the form was touched.
    assert client.post(address(widget), again | {"primary_color": "#000000"}).status_code == 302
    widget.refresh_from_db()
    assert (widget.name, widget.greeting) == ("Mine", "Typed for an hour")
    assert (widget.primary_color, widget.collect_phone, widget.text_agent.name) == (
        "#000000", False, "First agent",
    )  # fmt: skip


def test_only_recent_changes_are_listed(client: Client, widget: WidgetConfig) -> None:
    change_widget(widget=widget, greeting="Before the form")
    form = form_of(client.get(address(widget)))
    change_widget(widget=widget, name="New")
    said = sentences(client.post(address(widget), {**form, "greeting": "Mine"}))
    assert "Name is now “New”." in said
    assert "Before the form" not in said


def test_third_change_is_reported_again(client: Client, widget: WidgetConfig) -> None:
    form = form_of(client.get(address(widget)))
    change_widget(widget=widget, name="Second")
    response = client.post(address(widget), {**form, "greeting": "Mine"})
    change_widget(widget=widget, name="Third")
    response = client.post(address(widget), form_of(response))
    assert "“Third”" in sentences(response)
    assert form_of(response)["greeting"] == "Mine"


def test_other_errors_are_shown_with_the_conflict(client: Client, widget: WidgetConfig) -> None:
    form = form_of(client.get(address(widget)))
    change_widget(widget=widget, name="New")
    response = client.post(address(widget), {**form, "primary_color": "red"})
    assert "“New”" in sentences(response)
    assert "primary_color" in response.context["adminform"].form.errors
    assert form_of(response)["primary_color"] == "red"


def test_changes_outside_the_settings_cause_no_conflict(
    client: Client, widget: WidgetConfig
) -> None:
    form = form_of(client.get(address(widget)))
    reset_widget_id(widget=widget)
    assert client.post(address(widget), {**form, "name": "Mine"}).status_code == 302
    widget.refresh_from_db()
    assert widget.name == "Mine"


def test_identical_changes_do_not_conflict(client: Client, widget: WidgetConfig) -> None:
    form = form_of(client.get(address(widget)))
    change_widget(widget=widget, name="Same")
    assert client.post(address(widget), {**form, "name": "Same"}).status_code == 302


@pytest.mark.parametrize("version", ["x", "<b>", "[" * 5_000, "٢" * 20, "9" * 20, "0" * 20])
def test_invalid_version_field_is_handled(
    client: Client, widget: WidgetConfig, version: str
) -> None:
    form = form_of(client.get(address(widget)))
    data = {**form, "version": version, "name": "Mine"}
    assert client.post(address(widget), data).status_code in {200, 302}
    assert client.post(address(widget), {**data, "version": ""}).status_code == 302


def test_changes_of_others_are_escaped(client: Client, widget: WidgetConfig) -> None:
    form = form_of(client.get(address(widget)))
    change_widget(widget=widget, name="<script>alert(1)</script>")
    page = client.post(address(widget), {**form, "greeting": "x"}).content.decode()
    assert "<script>alert(1)" not in page
    assert html.escape("<script>alert(1)</script>") in page


def test_concurrently_deleted_widget_is_reported(client: Client, widget: WidgetConfig) -> None:
    form = form_of(client.get(address(widget)))
    widget.delete()
    response = client.post(address(widget), form, follow=True)
    assert re.search("doesn’t exist", response.content.decode())
