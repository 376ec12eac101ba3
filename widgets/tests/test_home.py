"""The start page: what needs staff, what had no answer, four numbers, and rows behind each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.mailing.models import OutgoingMail
from loquent.organizations.models import Membership, Organization, Role
from loquent.testing.people import make_agent, make_widget
from widgets.models import (
    RefusedOrigin,
    WidgetConfig,
    WidgetDailyUsage,
    WidgetMessage,
    WidgetSession,
)
from widgets.models.team import ConversationEvent
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session
from widgets.services.setup.checklist import Checklist

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture(autouse=True)
def mail_is_on(settings: Any) -> None:
    settings.MAIL_IS_ON = True


def this_monday() -> datetime:
    """The start of this week, in UTC."""
    now = timezone.now()
    return now.replace(hour=0, minute=0) - timedelta(days=now.weekday())


def hours_since(moment: datetime) -> float:
    return (timezone.now() - moment) / timedelta(hours=1)


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(acme, agent=make_agent(acme, name="Helper"), name="Shop")


@dataclass
class Talk:
    """A conversation of one question."""

    question: str = "Do you ship?"
    outcome: str = "answered"
    hours_ago: float = 48
    rating: str | None = None
    thanks: str = ""
    page: str = ""
    source: str = ""
    event: str = ""
    asks_back: bool = False


def talk(widget: WidgetConfig, talk: Talk) -> WidgetSession:
    session, _ = create_widget_session(widget=widget)
    asked = append_message(session, role="user", content=talk.question)
    sources = [{"title": talk.source, "url": ""}] if talk.source else []
    append_message(
        session, role="assistant", content="Hm.", outcome=talk.outcome, reply_to=asked,
        rating=talk.rating, rating_comment="Wrong" if talk.rating == "down" else "",
        sources=sources,
        choices=[{"title": "Shipping", "message": "Shipping"}] if talk.asks_back else [],
    )  # fmt: skip
    if talk.thanks:
        append_message(session, role="user", content=talk.thanks)
        append_message(session, role="assistant", content="You're welcome!")
    if talk.event:
        ConversationEvent.objects.create(session=session, kind=talk.event)
    at = timezone.now() - timedelta(hours=talk.hours_ago)
    WidgetMessage.objects.filter(session=session).update(created_at=at)
    WidgetSession.objects.filter(id=session.id).update(
        created_at=at, last_active_at=at, page_url=talk.page
    )
    return session


def home(client: Client) -> dict[str, Any]:
    """The data of the sections that are shown, by name."""
    page = client.get("/admin/")
    assert page.status_code == 200
    return {section["name"]: section["data"] for section in page.context["sections"]}


def rows_behind(client: Client, url: str) -> int:
    page: Any = client.get(url)
    assert page.status_code == 200, url
    return len(page.context["cl"].result_list)


RESOLVED = [
    # What the visitor said and did; confirmed, assumed.
    (Talk(), (0, 1)),
    (Talk(hours_ago=2), (0, 0)),
    (Talk(hours_ago=2, rating="up"), (1, 0)),
    (Talk(hours_ago=2, thanks="Thank you!"), (1, 0)),
    (Talk(rating="down"), (0, 0)),
    (Talk(outcome="no_answer"), (0, 0)),
    (Talk(outcome="failed"), (0, 0)),
    (Talk(question="Hello"), (0, 0)),
    (Talk(question="Hello", thanks="Thanks!"), (0, 0)),
    (Talk(question="Can I talk to a human?"), (0, 0)),
    (Talk(question="I want a refund", thanks="Thanks!"), (0, 0)),
    (Talk(question="A human please", rating="up"), (0, 0)),
    # By the button, whose wish no message contains; afterwards the assistant answered again.
    (Talk(event="asked"), (0, 0)),
    (Talk(event="follow_up", rating="up"), (0, 0)),
    (Talk(event="resolved"), (0, 1)),
    # "Do you mean one of these?", without a click and with one.
    (Talk(asks_back=True), (0, 0)),
    (Talk(asks_back=True, thanks="Shipping"), (0, 1)),
]


@pytest.mark.parametrize(("one", "expected"), RESOLVED)
def test_resolved_is_counted_honestly(
    client: Client, alice: User, widget: WidgetConfig, one: Talk, expected: tuple[int, int]
) -> None:
    talk(widget, one)
    client.force_login(alice)
    week = home(client)["this-week"]["this"]["week"]
    assert (week.confirmed, week.assumed) == expected
    assert week.conversations == 1


@pytest.mark.costly
def test_every_number_of_the_week_opens_its_rows(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    for one, _ in RESOLVED:
        talk(widget, one)
        talk(widget, Talk(**{**vars(one), "hours_ago": one.hours_ago + 168}))
    client.force_login(alice)
    for shown in (home(client)["this-week"]["this"], home(client)["this-week"]["last"]):
        week = shown["week"]
        assert rows_behind(client, shown["url"]) == week.conversations == len(RESOLVED)
        for end, count in (
            ("question", week.with_question), ("resolved", week.resolved),
            ("confirmed", week.confirmed), ("assumed", week.assumed),
            ("person", week.asked_for_person), ("liked", week.liked),
            ("disliked", week.disliked),
        ):  # fmt: skip
            assert rows_behind(client, shown["urls"][end]) == count, end
    this, last = (
        home(client)["this-week"]["this"]["week"],
        home(client)["this-week"]["last"]["week"],
    )
    assert (this.with_question, this.resolved_percent, this.liked_percent) == (15, 33, 75)
    assert this.asked_for_person == 4
    # A week ago, quiet conversations of the last day count as well.
    assert last.resolved == this.resolved + 1


def test_needs_you_counts_reasons_and_shows_the_newest(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    for number in range(6):
        talk(widget, Talk(f"I want a refund {number}", hours_ago=number))
    talk(widget, Talk("Do you sell coffee?", "no_answer", hours_ago=70))
    talk(widget, Talk())
    client.force_login(alice)
    data = home(client)["needs-you"]
    assert [(row["count"], row["label"]) for row in data["reasons"]] == [
        (6, "unhappy"),
        (1, "no answer found"),
    ]
    assert [row["question"][-1] for row in data["rows"]] == list("01234")
    for row in data["reasons"]:
        assert rows_behind(client, row["url"]) == row["count"]
    assert rows_behind(client, data["all_url"]) == 7


def test_visitors_who_wait_for_a_person_come_first(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    talk(widget, Talk("I want a refund"))
    talk(widget, Talk("Where is my parcel?", hours_ago=2))
    session = WidgetSession.objects.get(messages__content="Where is my parcel?")
    WidgetSession.objects.filter(id=session.id).update(
        handler="team", waiting_since=timezone.now() - timedelta(minutes=5)
    )
    client.force_login(alice)
    data = home(client)["needs-you"]
    assert (data["waiting"], data["waiting_url"]) == (1, "/admin/inbox/")
    assert [row["waits"] for row in data["rows"]] == [True, False]
    assert data["rows"][0]["url"] == f"/admin/inbox/?c={session.id}"
    assert "waiting for a person" in client.get("/admin/").content.decode()


def test_questions_without_an_answer_are_grouped(
    client: Client, alice: User, bob: User, widget: WidgetConfig
) -> None:
    for question in ("Do you sell coffee?", "do you sell COFFEE", "  Do you sell coffee ?"):
        talk(widget, Talk(question, "no_answer"))
    talk(widget, Talk("Verkauft ihr Brötchen?", "no_answer"))
    talk(widget, Talk("verkauft ihr brotchen", "no_answer"))
    talk(widget, Talk("Open at Christmas?", "no_answer"))
    talk(widget, Talk("Do you ship?"))
    talk(widget, Talk("Can I talk to a human?", "no_answer"))
    talk(widget, Talk("Long ago?", "no_answer", hours_ago=200))
    client.force_login(alice)
    rows = home(client)["unanswered"]["rows"]
    assert [row["count"] for row in rows] == [3, 2, 1]
    assert [rows_behind(client, row["url"]) for row in rows] == [3, 2, 1]
    agent = TextAgent.objects.get(name="Helper")
    assert rows[0]["write_url"].startswith(f"/admin/knowledge/answer/?agent={agent.pk}&question=")
    client.force_login(bob)
    assert not home(client)["unanswered"]["rows"][0]["write_url"]


def test_sources_pages_and_hours_open_their_rows(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    page = "https://shop.example.com/bags"
    for number, source in enumerate(("Shipping", "Shipping", "Returns")):
        talk(widget, Talk(source=source, page=f"{page}?n={number}", hours_ago=24))
    talk(widget, Talk(page="https://shop.example.com/", outcome="no_answer", hours_ago=20))
    client.force_login(alice)
    shown = home(client)
    asked, where, _ = shown["lists"]["lists"]
    assert [(row["label"], row["count"]) for row in asked["rows"]] == [
        ("Shipping", 2),
        ("Returns", 1),
    ]
    assert [(row["label"], row["count"]) for row in where["rows"]] == [
        ("shop.example.com/bags", 3),
        ("shop.example.com/", 1),
    ]
    cells = [cell for day in shown["when"]["days"] for cell in day["cells"] if cell["count"]]
    assert sorted(cell["count"] for cell in cells) == [1, 3]
    for row in (*asked["rows"], *where["rows"], *cells):
        assert rows_behind(client, row["url"]) == row["count"]


def test_hours_are_those_of_the_organization(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    Organization.objects.update(timezone="Pacific/Auckland")
    session = talk(widget, Talk())
    # Monday, 22:30 UTC, is Tuesday, 10:30 or 11:30 there.
    at = this_monday() - timedelta(days=7) + timedelta(hours=22.5)
    WidgetSession.objects.filter(id=session.id).update(created_at=at)
    client.force_login(alice)
    days = home(client)["when"]["days"]
    assert days[1]["name"] == "Tuesday"
    assert [cell["count"] for cell in days[1]["cells"]] == [0, 0, 0, 1, 0, 0, 0, 0]
    assert rows_behind(client, days[1]["cells"][3]["url"]) == 1


def findings(client: Client) -> list[str]:
    return [row["finding"].text for row in home(client).get("health", {"rows": []})["rows"]]


def test_health_is_hidden_while_all_is_well(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    talk(widget, Talk())
    client.force_login(alice)
    assert findings(client) == []


def test_health_names_each_problem(
    client: Client, alice: User, acme: Organization, widget: WidgetConfig
) -> None:
    client.force_login(alice)
    for hours_ago in (1, 2):
        talk(widget, Talk(outcome="failed", hours_ago=hours_ago))
    assert findings(client) == []
    talk(widget, Talk(outcome="failed", hours_ago=3))
    assert findings(client) == [
        "Helper is failing: the last 3 conversations got no answer. Try it on its page to see why."
    ]
    talk(widget, Talk(hours_ago=0.5))
    assert findings(client) == []
    TextAgent.objects.update(enabled=False)
    WidgetConfig.objects.update(daily_message_cap=10, allowed_origins=["https://shop.example.com"])
    today = timezone.now().date()
    WidgetDailyUsage.objects.create(widget=widget, day=today, messages=8)
    RefusedOrigin.objects.create(
        widget=widget, day=today, origin="https://copy.example", count=4,
        last_seen_at=timezone.now(),
    )  # fmt: skip
    OutgoingMail.objects.create(letter="x", recipient="a@b.c", organization=acme, state="failed")
    assert findings(client) == [
        "Helper is switched off. Visitors see its fallback message.",
        "Shop has used 8 of 10 messages of its daily limit.",
        "copy.example tried to show Shop and was refused 4 times. Allow it if it is yours.",
        "1 email of the last 7 days could not be sent.",
    ]
    urls = [row["url"] for row in home(client)["health"]["rows"]]
    form = f"/admin/widgets/widgetconfig/{widget.pk}"
    assert urls[1:3] == [f"{form}/change/", f"{form}/install/"]
    WidgetDailyUsage.objects.update(messages=10)
    assert "Shop has reached its daily limit of 10 messages." in findings(client)


def test_missing_mail_server_is_named(
    client: Client, alice: User, acme: Organization, settings: Any
) -> None:
    settings.MAIL_IS_ON = False
    client.force_login(alice)
    [text] = findings(client)
    assert text.startswith("Mail isn't set up on this server")


def test_empty_organization_is_led_to_its_widgets(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert set(home(client)) == {"needs-you"}
    page = client.get("/admin/").content.decode()
    assert "No conversations yet." in page
    assert 'href="/admin/widgets/widgetconfig/">Put the chat on your site' in page


def test_foreign_conversations_are_not_shown(
    client: Client, charlie: User, acme: Organization, widget: WidgetConfig
) -> None:
    talk(widget, Talk("Do you sell coffee?", "no_answer", page="https://shop.example.com/"))
    client.force_login(charlie)
    assert set(home(client)) == {"needs-you"}
    Membership.objects.create(organization=acme, user=charlie, role=Role.VIEWER)
    assert set(home(client)) == {"needs-you"}
    client.post("/admin/switch-organization/", {"organization": acme.pk})
    assert "unanswered" in home(client)
    client.force_login(User.objects.create_superuser("root", password="x"))
    assert "unanswered" in home(client)


@pytest.mark.parametrize(
    "query",
    ["week=x", "week=0001-01-01", "end=x", "when=9-9", "when=x", "unanswered=x", "source=x",
     "page=x", "week=2026-13-01", "when=%00", "unanswered=%00"],
)  # fmt: skip
def test_unknown_values_of_links_are_harmless(
    client: Client, alice: User, widget: WidgetConfig, query: str
) -> None:
    talk(widget, Talk())
    client.force_login(alice)
    response = client.get(f"/admin/widgets/widgetsession/?{query}")
    assert response.status_code == 200


def test_names_from_visitors_are_escaped(client: Client, alice: User, widget: WidgetConfig) -> None:
    evil = '"><script>alert(1)</script>'
    talk(widget, Talk(evil, "no_answer", page=f"https://x.example/{evil}", rating="down"))
    talk(widget, Talk(evil, source=evil))
    client.force_login(alice)
    for path in ("/admin/", "/admin/quality/"):
        page = client.get(path).content.decode()
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert(1)" not in page
        assert " style=" not in page


def test_query_count_does_not_grow_with_conversations(
    client: Client, alice: User, widget: WidgetConfig, django_assert_max_num_queries: Any
) -> None:
    client.force_login(alice)
    for _ in range(3):
        for one, _expected in RESOLVED:
            talk(widget, one)
    for path in ("/admin/", "/admin/quality/"):
        client.get(path)
        with django_assert_max_num_queries(42):
            client.get(path)


def test_quality_counts_weeks_and_lists_disliked_answers(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    since = hours_since(this_monday())
    talk(widget, Talk(hours_ago=since - 1, rating="up"))
    talk(widget, Talk("Bad?", hours_ago=since - 2, rating="down"))
    talk(widget, Talk(outcome="no_answer", hours_ago=since + 1))
    talk(widget, Talk(asks_back=True, hours_ago=since + 1))
    talk(widget, Talk(outcome="failed", hours_ago=since + 24 * 7 - 1))
    talk(widget, Talk(hours_ago=since + 24 * 7 * 7 + 1))
    client.force_login(alice)
    page = client.get("/admin/quality/")
    this, last, *older = page.context["weeks"]
    assert (this["total"]["count"], [cell["count"] for cell in this["cells"]]) == (
        2,
        [2, 0, 0, 0, 0, 0, 1, 1],
    )
    assert (last["total"]["count"], [cell["count"] for cell in last["cells"]]) == (
        3,
        [0, 2, 1, 0, 0, 0, 0, 0],
    )
    assert [week["total"]["count"] for week in older] == [0] * 6
    for week in (this, last):
        for cell in (week["total"], *week["cells"]):
            if cell["url"]:
                assert rows_behind(client, cell["url"]) == cell["count"]
    [answer] = page.context["answers"]
    assert (answer["question"], answer["comment"]) == ("Bad?", "Wrong")


def test_knowledge_lists_entries_with_their_use_and_what_is_missing(
    client: Client, alice: User, bob: User, charlie: User, widget: WidgetConfig
) -> None:
    agent = widget.text_agent
    agent.knowledge.all().delete()
    for title in ("Shipping", "Zürich shop"):
        KnowledgeEntry.objects.create(agent=agent, title=title, content="Text")
    talk(widget, Talk(source="Shipping"))
    talk(widget, Talk("Do you sell coffee?", "no_answer"))
    client.force_login(alice)
    page = client.get("/admin/knowledge/")
    rows = {row["entry"].title: row for row in page.context["entries"]}
    assert {title: row["used"] for title, row in rows.items()} == {"Shipping": 1, "Zürich shop": 0}
    assert rows_behind(client, rows["Shipping"]["used_url"]) == 1
    assert rows["Shipping"]["url"] == f"/admin/agents/textagent/{agent.pk}/change/#knowledge"
    assert "Do you sell coffee?" in page.content.decode()
    found = client.get("/admin/knowledge/", {"q": "zurich SHOP"}).context["entries"]
    assert [row["entry"].title for row in found] == ["Zürich shop"]
    assert client.get("/admin/knowledge/", {"q": "\x00%["}).status_code == 200
    assert page.context["add_url"] == f"/admin/agents/textagent/{agent.pk}/change/#knowledge"
    client.force_login(bob)
    assert "Add knowledge" not in client.get("/admin/knowledge/").content.decode()
    client.force_login(charlie)
    foreign = client.get("/admin/knowledge/").content.decode()
    assert "Zürich shop" not in foreign
    assert "coffee" not in foreign


def test_set_up_card_is_shown_until_all_steps_are_done(
    client: Client, alice: User, widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(alice)
    assert "Get your chat ready" in client.get("/admin/").content.decode()
    monkeypatch.setattr(Checklist, "is_complete", property(lambda _: True))
    assert "Get your chat ready" not in client.get("/admin/").content.decode()
