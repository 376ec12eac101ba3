"""The team's inbox: what its tabs list, what a conversation shows, and who may see it."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.models import Contact
from loquent.organizations.models import Membership, Organization, Role
from loquent.testing.people import PASSWORD, make_agent, make_member, make_widget
from widgets.models import ConversationNote, WidgetConfig, WidgetSession
from widgets.services.handoff import staff
from widgets.services.handoff.change import Actor
from widgets.services.handoff.visitor import ask_person, save_reply_email
from widgets.services.history import append_message

pytestmark = pytest.mark.django_db
INBOX = "/admin/inbox/"
Make = Callable[..., WidgetSession]


@pytest.fixture
def shop(acme: Organization) -> WidgetConfig:
    return make_widget(acme, agent=make_agent(acme))


@pytest.fixture
def make(shop: WidgetConfig) -> Make:
    """`make("Hello?", waits=3, owner=ana)`: a conversation; `waits`: for a person, in minutes."""

    def make_one(
        question: str = "Hello?",
        *,
        waits: int | None = None,
        owner: User | None = None,
        answer: str = "Hi.",
        reply: str = "",
        name: str = "",
    ) -> WidgetSession:
        session = WidgetSession.objects.create(
            widget=shop,
            token_digest=uuid.uuid4().hex,
            last_active_at=timezone.now(),
            contact_claim={"name": name} if name else None,
        )
        asked = append_message(session, role="user", content=question)
        if answer:
            append_message(session, role="assistant", content=answer, reply_to=asked)
        if waits is not None:
            ask_person(session_id=session.id)
        if owner is not None:
            member = Membership.objects.get(user=owner)
            actor = Actor(member.public_name, member)
            staff.take_over(session_id=session.id, member=member, actor=actor)
            if reply:
                staff.reply(session_id=session.id, member=member, actor=actor, content=reply)
        if waits is not None:
            since = timezone.now() - timedelta(minutes=waits)
            rows = WidgetSession.objects.filter(id=session.id, waiting_since__isnull=False)
            rows.update(waiting_since=since)
        session.refresh_from_db()
        return session

    return make_one


def listed(client: Client, tab: str, query: str = "") -> list[str]:
    """Return the ids of the rows of a tab, in order."""
    page = client.get(f"{INBOX}rows/?tab={tab}{query}")
    assert page.status_code == 200
    return re.findall(r'<li data-id="([0-9a-f-]{36})"', page.content.decode())


def actions(text: str) -> list[str]:
    """Return what the buttons of a conversation do, each once."""
    return list(dict.fromkeys(re.findall(r'data-do="([a-z-]+)"', text)))


def numbers(client: Client) -> dict[str, str]:
    page = client.get(INBOX).content.decode()
    found = re.findall(r'data-tab="(\w+)" [^>]*>\w+ <span class="lq-number"[^>]*>(\d*)<', page)
    return dict(found)


def test_tabs_list_conversations_by_who_has_them(
    client: Client, ana: User, ben: User, make: Make
) -> None:
    by_agent, late, early = make(), make(waits=2), make(waits=30)
    mine = make(owner=ana, reply="Hello, Ana here.")
    theirs = make(waits=10, owner=ben)
    done = make(owner=ben, reply="Bye")
    staff.resolve(session_id=done.id, actor=Actor("Ben"))
    asleep = make(owner=ana, reply="Tomorrow")
    until = timezone.now() + timedelta(hours=9)
    staff.snooze(session_id=asleep.id, until=until, actor=Actor("Ana"))
    left = make(waits=5)
    WidgetSession.objects.filter(id=left.id).update(ended_at=timezone.now())
    client.force_login(ana)
    as_text = [str(session.id) for session in (early, theirs, late)]
    assert listed(client, "waiting") == as_text
    assert listed(client, "mine") == [str(mine.id)]
    assert listed(client, "open") == [str(each.id) for each in (theirs, mine, early, late)]
    assert listed(client, "ai") == [str(by_agent.id)]
    assert set(listed(client, "done")) == {str(done.id), str(asleep.id)}
    assert numbers(client) == {"waiting": "3", "mine": "1", "open": "4", "ai": "", "done": ""}
    # Only what is still in the tab is returned; the page removes the others.
    assert listed(client, "waiting", f"&ids={late.id},{mine.id},{done.id}") == [str(late.id)]
    assert listed(client, "nonsense") == as_text
    assert client.get(f"{INBOX}rows/?ids=x").status_code == 404


def test_row_names_visitor_words_and_owner(client: Client, ana: User, make: Make) -> None:
    make("Where is <b>my</b>\nparcel?", waits=4, name="Tom")
    make("Hello?", owner=ana, reply="Hi Tom!", name="Eve")
    client.force_login(ana)
    page = client.get(f"{INBOX}?tab=open").content.decode()
    assert "<strong>Tom</strong>" in page
    assert "<bdi>Where is &lt;b&gt;my&lt;/b&gt; parcel?</bdi>" in page
    assert "Unassigned" in page
    assert "<b>ana:</b> <bdi>Hi Tom!</bdi>" in page
    assert '<span class="lq-badge lq-info">You</span>' in page


def test_list_has_pages(
    client: Client, ana: User, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widgets.admin.inbox.pages.PAGE_SIZE", 2)
    sessions = [make(waits=9 - number) for number in range(3)]
    client.force_login(ana)
    assert listed(client, "waiting") == [str(each.id) for each in sessions[:2]]
    assert listed(client, "waiting", "&skip=2") == [str(sessions[2].id)]
    # A page that has more rows reads as many again.
    assert listed(client, "waiting", "&most=3") == [str(each.id) for each in sessions]
    page = client.get(f"{INBOX}rows/?tab=waiting").content.decode()
    assert '<button type="button" class="button lq-inbox-more">' in page
    assert "data-has-more" not in client.get(f"{INBOX}rows/?tab=waiting&skip=2").content.decode()


def queries_of(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


@pytest.mark.costly
def test_number_of_queries_does_not_grow_with_the_list(
    client: Client, ana: User, ben: User, make: Make
) -> None:
    client.force_login(ana)
    make(waits=1, owner=ben)
    make(waits=1, owner=ana)
    make()
    paths = (INBOX, f"{INBOX}rows/?tab=open", f"{INBOX}rows/?tab=ai", f"{INBOX}rows/?tab=mine")
    few = [queries_of(client, path) for path in paths]
    for number in range(6):
        make(waits=number, name=f"Visitor {number}")
        make(owner=ben if number % 2 else ana, reply="Hello")
        make()
    assert [queries_of(client, path) for path in paths] == few
    assert max(few[1:]) <= 9


def test_conversation_shows_messages_notes_and_timeline(
    client: Client, ana: User, make: Make
) -> None:
    session = make("Where is it?", waits=3, owner=ana, reply="On its **way**.")
    ConversationNote.objects.create(session=session, author="Ben", content="Be <kind>.")
    session.contact = Contact.objects.create(
        organization=session.widget.organization, name="Jane", notes="Pays <late>."
    )
    session.save(update_fields=["contact"])
    client.force_login(ana)
    page = client.get(f"{INBOX}{session.id}/")
    text = page.content.decode()
    assert "no-store" in page["Cache-Control"]
    for part in (
        "Where is it?",
        "On its **way**.",
        "Be &lt;kind&gt;.",
        "Pays &lt;late&gt;.",
        "Taken over",
        "Person wanted",
    ):
        assert part in text, part
    assert actions(text) == ["hand-back", "release", "resolve", "assign", "snooze"]
    newest = client.get(f"{INBOX}{session.id}/?after={session.last_seq - 1}").content.decode()
    assert re.findall(r'data-seq="(\d+)" data-id', newest) == [str(session.last_seq)]


@pytest.mark.parametrize(
    ("owner", "then", "expected"),
    [
        (None, "", ["take-over", "release", "resolve", "assign", "snooze"]),
        ("ben", "", ["take-over", "hand-back", "release", "resolve", "assign", "snooze"]),
        ("ana", "", ["hand-back", "release", "resolve", "assign", "snooze"]),
        ("ana", "resolve", ["release", "reopen", "assign"]),
    ],
)
def test_buttons_follow_the_state(
    client: Client,
    ana: User,
    ben: User,
    make: Make,
    owner: str | None,
    then: str,
    expected: list[str],
) -> None:
    session = make(owner={"ana": ana, "ben": ben, None: None}[owner])
    if then:
        staff.resolve(session_id=session.id, actor=Actor("Ana"))
    client.force_login(ana)
    text = client.get(f"{INBOX}{session.id}/").content.decode()
    assert actions(text) == expected
    assert ("Take from ben" in text) == (owner == "ben")


def test_viewer_reads_and_stranger_sees_nothing(
    client: Client, acme: Organization, charlie: User, make: Make
) -> None:
    session = make("Secret question", waits=1)
    client.force_login(make_member(acme, "vic", Role.VIEWER))
    assert listed(client, "waiting") == [str(session.id)]
    text = client.get(f"{INBOX}{session.id}/").content.decode()
    assert "Secret question" in text
    assert "data-do=" not in text
    assert "data-may-answer" not in text
    client.force_login(charlie)
    assert listed(client, "waiting") == []
    assert listed(client, "open", f"&ids={session.id}") == []
    assert client.get(f"{INBOX}{session.id}/").status_code == 404
    client.logout()
    for path in ("", "rows/", f"{session.id}/"):
        assert client.get(INBOX + path).status_code == 302


def test_conversation_explains_why_nobody_can_answer(
    client: Client, ana: User, make: Make, shop: WidgetConfig
) -> None:
    session, begun = make(), make(owner=ana)
    client.force_login(ana)
    WidgetConfig.objects.filter(id=shop.id).update(handoff_enabled=False)
    text = client.get(f"{INBOX}{session.id}/").content.decode()
    assert "Hand-off to people is off." in text
    assert actions(text) == ["resolve", "snooze"]
    # What people have already, they may finish.
    text = client.get(f"{INBOX}{begun.id}/").content.decode()
    assert "data-may-answer" in text
    assert "Hand-off to people is off." not in text


def test_navigation_leads_to_the_inbox_and_counts_who_waits(
    client: Client, ana: User, make: Make
) -> None:
    make(waits=1)
    make()
    client.force_login(ana)
    page: Any = client.get("/admin/password_change/")
    items = [item for group in page.context["lq_navigation"] for item in group["items"]]
    [inbox] = [item for item in items if item["label"] == "Inbox"]
    assert (inbox["url"], inbox["count"]) == (INBOX, 1)
    page = client.get("/admin/widgets/widgetsession/")
    assert [tab["label"] for tab in page.context["lq_tabs"]] == [
        "Live",
        "All conversations",
        "Notifications",
    ]
    assert 'href="/admin/widgets/widgetsession/"' in client.get(INBOX).content.decode()


@pytest.mark.parametrize(
    ("role", "first", "shows_settings"),
    [
        (Role.VIEWER, "/admin/", True),
        (Role.OPERATOR, INBOX, False),
        (Role.ADMIN, "/admin/", True),
    ],
)
def test_operators_see_the_inbox_first_and_no_settings(
    client: Client, acme: Organization, role: Role, first: str, shows_settings: bool
) -> None:
    make_member(acme, "tess", role)
    sent = {"username": "tess@example.com", "password": PASSWORD}
    assert client.post("/admin/login/", sent)["Location"] == first
    page: Any = client.get("/admin/")
    labels = {item["label"] for group in page.context["lq_navigation"] for item in group["items"]}
    assert ("Settings" in labels) == shows_settings
    assert {"Home", "Inbox", "Contacts", "Knowledge"} <= labels
    client.logout()
    wanted = "/admin/contacts/contact/"
    assert (
        client.post(f"/admin/login/?next={wanted}", {**sent, "next": wanted})["Location"] == wanted
    )


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59Z", "9000-01-01T00:00:00Z"])
def test_end_of_the_calendar_is_refused_as_no_time_zone_could_show_it(
    client: Client, acme: Organization, ana: User, make: Make, api: Callable[..., Any], until: str
) -> None:
    Organization.objects.update(timezone="Asia/Tokyo")
    session = make("Hello?")
    asked = api(ana).post(f"/api/v1/sessions/{session.id}/snooze/", {"until": until})
    away = api(ana).put("/api/v1/availability/", {"status": "away", "until": until})
    assert [asked.status_code, away.status_code] == [400, 400]
    client.force_login(ana)
    for path in (f"{INBOX}rows/?tab=done", f"{INBOX}{session.id}/", INBOX):
        assert client.get(path).status_code == 200


def test_address_of_a_visitor_adds_no_field_to_a_mail(
    client: Client, ana: User, acme: Organization, make: Make
) -> None:
    session = make("Hello?")
    typed = "a%0a?bcc=b&body=x@example.com"
    session.contact = Contact.objects.create(organization=acme, email=typed)
    session.save()
    save_reply_email(session_id=session.id, email=typed)
    client.force_login(ana)
    for path in (f"{INBOX}{session.id}/", f"/admin/widgets/widgetsession/{session.id}/change/"):
        links = re.findall(r'href="mailto:([^"]*)"', client.get(path).content.decode())
        assert links
        assert set(links) == {"a%250a%3Fbcc%3Db%26body%3Dx@example.com"}, path
