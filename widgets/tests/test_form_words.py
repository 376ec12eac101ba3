"""The owner's pages speak the owner's words, and say where they are."""

import re
from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

# What only the people who run the server need to understand, and lists as JSON.
TECHNICAL = re.compile(r"token|\borigins?\b|endpoint|builtin:|text agent|\[\"", re.IGNORECASE)
# Elements that are not shown, or only on demand.
UNSEEN = {"script", "template", "datalist", "style", "title", "dialog", "details"}
READ_OUT = {"aria-label", "placeholder", "title", "alt"}
VOID = {"input", "link", "meta", "br", "img", "hr", "col", "source", "path", "rect", "circle"}


class ShownText(HTMLParser):
    """The text of a page without what is folded away: Advanced, dialogs, templates."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self._skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._skipped:
            self.text += " ".join(["", *(value or "" for name, value in attrs if name in READ_OUT)])
        if tag in VOID:
            self.text += " "
            return
        # Code to copy is for a page, not for the owner.
        is_code = tag == "textarea" and ("readonly", None) in attrs
        if self._skipped or tag in UNSEEN or is_code or ("id", "advanced") in attrs:
            self._skipped.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped and self._skipped[-1] == tag:
            self._skipped.pop()

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.text += data


def shown(client: Client, address: str) -> str:
    parser = ShownText()
    parser.feed(client.get(address).content.decode())
    return " ".join(parser.text.split())


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(
        acme,
        agent=make_agent(acme, name="Helper"),
        name="Shop",
        starters=["Are you open?", "Do you ship?"],
        allowed_origins=["https://a.example", "https://b.example"],
    )


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_forms_use_no_technical_words(
    client: Client, widget: WidgetConfig, who: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(who))
    pages = [
        f"/admin/widgets/widgetconfig/{widget.pk}/change/",
        f"/admin/agents/textagent/{widget.text_agent_id}/change/",
        "/admin/widgets/widgetconfig/",
        "/admin/agents/textagent/",
    ]
    if who == "alice":
        pages += ["/admin/widgets/widgetconfig/add/", "/admin/agents/textagent/add/"]
    for page in pages:
        text = shown(client, page)
        assert text
        assert TECHNICAL.findall(text) == [], (page, text)


@pytest.mark.costly
def test_owners_pages_use_no_technical_words(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    # Tokens are the unit of providers' prices: Usage and limits, and Reports, count them.
    client.force_login(alice)
    session, _ = create_widget_session(widget=widget)
    asked = append_message(session, role="user", content="Do you ship?")
    append_message(
        session, role="assistant", content="Yes.", model="openai-chat:x", reply_to=asked,
        outcome="handed_over", input_tokens=3, output_tokens=4, first_token_ms=5,
    )  # fmt: skip
    form = f"/admin/widgets/widgetconfig/{widget.pk}"
    shop = f"/admin/organizations/organization/{widget.organization_id}/change/"
    pages = [
        "/admin/", "/admin/inbox/", f"/admin/inbox/?c={session.pk}", "/admin/knowledge/",
        "/admin/quality/", "/admin/notifications/", "/admin/setup/", "/admin/setup/shop/",
        "/admin/setup/teach/", "/admin/setup/try/", "/admin/setup/site/", f"{form}/install/",
        f"{form}/delete/", f"{form}/reset-widget-id/", shop, "/admin/widgets/widgetsession/",
        f"/admin/widgets/widgetsession/{session.pk}/change/", "/admin/contacts/contact/",
        "/admin/contacts/contact/add/", "/admin/organizations/membership/",
        "/admin/organizations/invitation/add/", "/admin/organizations/apikey/",
        "/admin/organizations/auditentry/", "/admin/webhooks/webhookendpoint/",
        "/admin/agents/modelconnection/", "/admin/agents/modelconnection/add/",
        "/admin/widgets/erasurereceipt/",
    ]  # fmt: skip
    found = {}
    for page in pages:
        text = shown(client, page)
        assert text, page
        found[page] = TECHNICAL.findall(text)
    assert {page: words for page, words in found.items() if words} == {}


def test_viewer_reads_lists_by_line(client: Client, bob: User, widget: WidgetConfig) -> None:
    client.force_login(bob)
    text = shown(client, f"/admin/widgets/widgetconfig/{widget.pk}/change/")
    for words in (
        "Suggested questions", "Are you open? Do you ship?", "Allowed sites",
        "https://a.example https://b.example", "Main colour", "Daily message limit",
    ):  # fmt: skip
        assert words in text
    WidgetConfig.objects.update(allowed_origins=None)
    assert "All websites" in shown(client, f"/admin/widgets/widgetconfig/{widget.pk}/change/")


def test_breadcrumbs_and_titles_use_the_words_of_the_navigation(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    client.force_login(alice)
    agent = f"/admin/agents/textagent/{widget.text_agent_id}"
    member = f"/admin/organizations/membership/{alice.memberships.get().pk}"
    for address, crumbs in (
        (f"{agent}/change/", "Assistants / Helper"),
        (f"{agent}/delete/", "Assistants / Helper / Delete"),
        (f"{agent}/history/", "Assistants / Helper / History"),
        ("/admin/agents/textagent/add/", "Assistants / New"),
        (f"/admin/widgets/widgetconfig/{widget.pk}/change/", "Widgets / Shop"),
        (f"{member}/change/", "Settings / Team / "),
    ):
        assert crumbs in shown(client, address), address
    page = client.get("/admin/agents/textagent/add/").content.decode()
    assert "<title>New assistant · Loquent</title>" in " ".join(page.split())
    assert "Add assistant" in shown(client, "/admin/agents/textagent/")
