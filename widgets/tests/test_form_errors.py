"""Mistakes on every tab of a form: nothing typed is lost, and a sentence beside each field."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import WidgetConfig

# What was typed per field, and what the page says about it.
WIDGET = {
    "primary_color": ("blue", "Enter a colour as #rrggbb, such as #6366f1."),
    "greeting": ("g" * 2_001, "Use at most 2000 characters. These are 2001."),
    "starters": ("\n".join("abcdefg"), "At most 6 questions can be suggested."),
    "notice_url": ("not a url", "Enter a whole address that begins with https:// or http://."),
    "allowed_origins": ("localhost:1", "“localhost:1” is not a whole address. Start with"),
    "daily_message_cap": ("-5", "Enter 0 or more."),
}
AGENT = {
    "name": ("", "This field is required."),
    "instructions": ("i" * 20_001, "Use at most 20000 characters. These are 20001."),
    "fallback_sentence": ("", "This field is required."),
    "model": ("nobody:x", "There is no provider"),
    "max_output_tokens": ("5000", "Enter 4096 or less."),
    "temperature": ("-1", "Enter 0 or more."),
}


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(acme)


@pytest.mark.parametrize("form", ["widget", "agent"])
def test_every_mistake_is_named_and_nothing_is_lost(
    client: Client, alice: User, widget: WidgetConfig, form: str
) -> None:
    client.force_login(alice)
    address, mistakes = {
        "widget": (f"/admin/widgets/widgetconfig/{widget.pk}/change/", WIDGET),
        "agent": (f"/admin/agents/textagent/{widget.text_agent_id}/change/", AGENT),
    }[form]
    shown = client.get(address).context["adminform"].form
    shown_values = {name: shown[name].value() for name in shown.fields}
    values = {name: "" if value is None else value for name, value in shown_values.items()}
    values["notice_text"] = "An AI answers."
    typed = {name: text for name, (text, _) in mistakes.items()}
    response = client.post(address, {**values, **typed})
    page = response.content.decode()
    summary = page.partition('<ul class="lq-error-links">')[2].partition("</ul>")[0]
    links = dict(re.findall(r'<a href="#id_(\w+)">(.*?)</a>', summary, re.DOTALL))
    assert links.keys() == mistakes.keys()
    bound = response.context["adminform"].form
    for name, (text, sentence) in mistakes.items():
        assert sentence in unescape(links[name]), name
        assert bound[name].value() == text, name
        beside = page.partition(f'id="id_{name}_error"')[2].partition("</ul>")[0]
        assert sentence in unescape(beside), name
