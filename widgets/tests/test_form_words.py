"""The forms of widgets and assistants speak the owner's words, and say where they are."""

import re
from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig

# What only the people who run the server need to understand, and lists as JSON.
TECHNICAL = re.compile(r"token|\borigins?\b|endpoint|builtin:|text agent|\[\"", re.IGNORECASE)
# Elements that are not shown, or only on demand.
UNSEEN = {"script", "template", "datalist", "style", "title", "dialog", "details"}
VOID = {"input", "link", "meta", "br", "img", "hr", "col", "source", "path", "rect", "circle"}


class ShownText(HTMLParser):
    """The text of a page without what is folded away: Advanced, dialogs, templates."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self._skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            self.text += " "
            return
        if self._skipped or tag in UNSEEN or ("id", "advanced") in attrs:
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
