"""Questions after which a person was called: unanswered, with that person's reply as a draft."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.organizations.models import Membership, Organization, Role
from loquent.testing.people import api_client, make_agent, make_member, make_widget
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.handoff.change import Actor
from widgets.services.handoff.staff import reply
from widgets.services.handoff.visitor import ask_person
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session
from widgets.tests.desk import close_team

pytestmark = pytest.mark.django_db(transaction=True)
TENTS = "Do you repair tents?"
WISH = "Can I talk to a human?"


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme)


@pytest.fixture
def widget(acme: Organization, agent: TextAgent) -> WidgetConfig:
    return make_widget(acme, agent=agent)


@pytest.fixture
def ana(acme: Organization) -> Membership:
    user = make_member(acme, "ana", Role.OPERATOR)
    return Membership.objects.get(user=user)


class Chat:
    """A conversation, written line by line."""

    def __init__(self, widget: WidgetConfig) -> None:
        self.session: WidgetSession = create_widget_session(widget=widget)[0]
        self.asked: WidgetMessage | None = None

    def run(self, lines: str, ana: Membership) -> "Chat":
        """`V`: the visitor says the line; `A`: the agent answers; `S`: staff do; `P`: wish."""
        for line in lines.split("\n"):
            kind, _, text = line.strip().partition(" ")
            if kind == "V":
                self.asked = append_message(self.session, role="user", content=text)
            elif kind in ("A", "N"):
                outcome = {"A": "answered", "N": "no_answer"}[kind]
                append_message(
                    self.session, role="assistant", content=text, outcome=outcome,
                    reply_to=self.asked,
                )  # fmt: skip
            elif kind == "P":
                ask_person(session_id=self.session.id)
            elif kind == "S":
                reply(session_id=self.session.id, member=ana, actor=Actor("ana"), content=text)
            self.session.refresh_from_db()
        return self


def listed(client: APIClient, agent: TextAgent) -> list[tuple[str, str, int]]:
    rows: list[dict[str, Any]] = client.get(f"/api/v1/agents/{agent.id}/unanswered/").json()
    return [(row["question"], row["reason"], row["count"]) for row in rows]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (f"V {TENTS}\nA We sell tents.\nP", [(TENTS, "handed_over", 1)]),
        (f"V {TENTS}\nA We sell tents.\nV {WISH}\nP", [(TENTS, "handed_over", 1)]),
        (f"V {TENTS}\nA We sell tents.\nV Thank you\nP", [(TENTS, "handed_over", 1)]),
        # The answer says more than the wish after it, and a question counts once.
        (f"V {TENTS}\nN Sorry.\nV {WISH}\nP", [(TENTS, "no_answer", 1)]),
        (f"P\nV {TENTS}\nS Yes.\nV And boots?\nS No.", [(TENTS, "handed_over", 1)]),
        (f"V {WISH}\nP", []),
        ("V Hello\nA Hello.\nP", []),
        (f"V {TENTS}\nA We do.", []),
        # Staff took over by themselves.
        (f"V {TENTS}\nA We do.\nS Hello.", []),
    ],
)
def test_question_before_the_wish_for_a_person_counts(
    alice: User,
    agent: TextAgent,
    widget: WidgetConfig,
    ana: Membership,
    lines: str,
    expected: list[tuple[str, str, int]],
) -> None:
    Chat(widget).run(lines, ana)
    assert listed(api_client(alice), agent) == expected


def test_out_of_hours_an_answered_question_after_the_wish_does_not_count(
    alice: User, agent: TextAgent, widget: WidgetConfig, ana: Membership
) -> None:
    close_team()
    Chat(widget).run(f"P\nV {TENTS}\nA We do.", ana)
    assert listed(api_client(alice), agent) == []
    Chat(widget).run(f"P\nV {TENTS}", ana)
    assert listed(api_client(alice), agent) == [(TENTS, "handed_over", 1)]


@pytest.mark.parametrize(
    ("lines", "draft"),
    [
        (f"V {TENTS}\nA No.\nP\nS Yes, all tents.\nS Bring it.\nV Thanks\nS Welcome.",
         "Yes, all tents.\n\nBring it."),
        (f"V {TENTS}\nN Sorry.\nV {WISH}\nP\nV Hello?\nS Yes, all tents.", "Yes, all tents."),
        (f"P\nV {TENTS}\nS Yes, all tents.", "Yes, all tents."),
        # The agent goes on to another question: a later reply is not about this one.
        (f"V {TENTS}\nN Sorry.\nV Do you sell skis?\nA Yes.\nP\nS They cost 90 euros.", ""),
        (f"V {TENTS}\nN Sorry.", ""),
    ],
)  # fmt: skip
def test_person_s_reply_is_the_draft_of_the_entry(
    client: Client,
    alice: User,
    agent: TextAgent,
    widget: WidgetConfig,
    ana: Membership,
    lines: str,
    draft: str,
) -> None:
    chat = Chat(widget).run(lines, ana)
    client.force_login(alice)
    shown = client.get("/admin/knowledge/").context["unanswered"]["rows"]
    [url] = [row["write_url"] for row in shown if row["label"] == TENTS]
    asked = chat.session.messages.get(content=TENTS)
    for page in (url, f"/admin/knowledge/answer/?agent={agent.pk}&message={asked.pk}"):
        response = client.get(page)
        form = response.context["form"]
        assert (form["title"].value(), form["content"].value()) == (TENTS, draft)
        assert ("wrote to a visitor" in response.content.decode()) is bool(draft)
    # A reply is only a draft: what is typed instead is saved, and kept after a mistake.
    typed = client.post(url, {"title": "", "content": "Only ours."})
    assert typed.context["form"]["content"].value() == "Only ours."
    client.post(url, {"title": TENTS, "content": "Only ours."})
    assert KnowledgeEntry.objects.get(agent=agent, title=TENTS).content == "Only ours."


def test_newest_reply_to_a_group_is_the_draft(
    client: Client, alice: User, agent: TextAgent, widget: WidgetConfig, ana: Membership
) -> None:
    Chat(widget).run(f"V {TENTS}\nN Sorry.\nP\nS No.", ana)
    Chat(widget).run("V Are tents repaired?\nN Sorry.\nP\nS Since May, yes.", ana)
    Chat(widget).run(f"V {TENTS}\nN Sorry.", ana)
    client.force_login(alice)
    [row] = client.get("/admin/knowledge/").context["unanswered"]["rows"]
    page = client.get(row["write_url"])
    assert page.context["form"]["content"].value() == "Since May, yes."
    # The link of the row leads to all three conversations.
    assert client.get(row["url"]).context["cl"].result_count == 3
