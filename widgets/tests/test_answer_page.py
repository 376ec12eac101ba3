"""The page on which staff write the entry that answers a question."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.agents.models import AgentQuestion, KnowledgeEntry, TextAgent
from loquent.agents.services import questions
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session
from widgets.tests.test_unanswered_api import ask

pytestmark = pytest.mark.django_db
QUESTION = "Do you repair tents?"


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme)


@pytest.fixture
def widget(acme: Organization, agent: TextAgent) -> WidgetConfig:
    return make_widget(acme, agent=agent)


def rows(client: Client) -> list[dict[str, Any]]:
    """The unanswered questions on the Knowledge page."""
    shown = client.get("/admin/knowledge/").context["unanswered"]
    return shown["rows"] if shown else []


def test_saved_entry_answers_the_question_and_closes_it(
    client: Client, alice: User, agent: TextAgent, widget: WidgetConfig
) -> None:
    ask(widget, QUESTION)
    client.force_login(alice)
    [row] = rows(client)
    page = client.get(row["write_url"])
    assert page.context["form"]["title"].value() == QUESTION
    data = {"title": QUESTION, "content": "Yes, all tents.", "url": ""}
    response = client.post(row["write_url"], data, follow=True)
    assert "now answers this question" in response.content.decode()
    assert KnowledgeEntry.objects.get(agent=agent, title=QUESTION).content == "Yes, all tents."
    assert rows(client) == []
    # Another member still has the page open: what they typed is saved as well.
    client.post(row["write_url"], {**data, "title": "Repairs"})
    assert KnowledgeEntry.objects.filter(agent=agent, title="Repairs").exists()
    assert client.get(row["write_url"]).status_code == 302


def test_question_is_kept_as_a_test_question_on_request(
    client: Client,
    alice: User,
    agent: TextAgent,
    widget: WidgetConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask(widget, QUESTION)
    client.force_login(alice)
    [row] = rows(client)
    page = client.get(row["write_url"])
    test = client.get(page.context["test_url"])
    form = test.context["form"]
    assert (form["question"].value(), form["expect"].value()) == (QUESTION, "none")
    assert AgentQuestion.objects.count() == 0
    data = {"title": "Repairs of tents", "content": "Yes, we repair all tents.", "url": ""}
    client.post(row["write_url"], data)
    assert AgentQuestion.objects.count() == 0
    ask(widget, f"{QUESTION}\nPlease.")
    kept = {**data, "title": "Repairs", "keep": "on"}
    client.post(rows(client)[0]["write_url"], kept)
    [question] = AgentQuestion.objects.all()
    assert (question.question, question.expect) == (f"{QUESTION} Please.", "entry")
    assert question.entry == KnowledgeEntry.objects.get(agent=agent, title="Repairs")
    # A test question that can't be added costs nothing that was typed.
    monkeypatch.setattr(questions, "MAX_QUESTIONS", 1)
    ask(widget, "Do you sell skis?")
    skis = {"title": "Skis", "content": "We sell skis.", "url": "", "keep": "on"}
    response = client.post(rows(client)[0]["write_url"], skis, follow=True)
    assert "The test question was not added" in response.content.decode()
    assert KnowledgeEntry.objects.filter(agent=agent, title="Skis").exists()
    assert AgentQuestion.objects.count() == 1


def test_entry_that_is_not_found_leaves_the_question_open(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    ask(widget, QUESTION)
    client.force_login(alice)
    [row] = rows(client)
    data = {"title": "Service", "content": "At the desk.", "url": ""}
    response = client.post(row["write_url"], data, follow=True)
    assert "does not find the entry yet" in response.content.decode()
    assert len(rows(client)) == 1


def test_ignored_question_leaves_the_list(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    ask(widget, QUESTION)
    client.force_login(alice)
    [row] = rows(client)
    client.post(row["write_url"], {"ignore": "1"})
    assert rows(client) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", ""), ("title", "x" * 201), ("content", ""), ("url", "javascript:alert(1)")],
)
def test_what_was_typed_is_kept_after_a_mistake(
    client: Client, alice: User, agent: TextAgent, widget: WidgetConfig, field: str, value: str
) -> None:
    ask(widget, QUESTION)
    client.force_login(alice)
    [row] = rows(client)
    count = KnowledgeEntry.objects.filter(agent=agent).count()
    data = {"title": QUESTION, "content": "Typed <b>text</b>", "url": "", field: value}
    page = client.post(row["write_url"], data)
    assert list(page.context["form"].errors) == [field]
    if field != "content":
        assert "Typed &lt;b&gt;text&lt;/b&gt;" in page.content.decode()
    assert KnowledgeEntry.objects.filter(agent=agent).count() == count


def test_viewers_and_others_get_no_page(
    client: Client, alice: User, bob: User, charlie: User, widget: WidgetConfig
) -> None:
    ask(widget, QUESTION)
    client.force_login(alice)
    [row] = rows(client)
    for user in (bob, charlie):
        client.force_login(user)
        assert client.get(row["write_url"]).status_code == 404
        assert client.post(row["write_url"], {"ignore": "1"}).status_code == 404
    client.force_login(alice)
    for query in ("", "?agent=x&question=y", "?agent=" + str(widget.id)):
        assert client.get(f"/admin/knowledge/answer/{query}").status_code == 404
    assert len(rows(client)) == 1


def test_bad_answer_leads_from_the_conversation_to_a_better_one(
    client: Client, alice: User, bob: User, agent: TextAgent, widget: WidgetConfig
) -> None:
    session, _ = create_widget_session(widget=widget)
    asked = append_message(session, role="user", content=f"{QUESTION}\nPlease.")
    append_message(
        session, role="assistant", content="No.", outcome="answered", reply_to=asked, rating="down"
    )
    fine = append_message(session, role="user", content="Thanks")
    append_message(session, role="assistant", content="Welcome", outcome="answered", reply_to=fine)
    conversation = f"/admin/widgets/widgetsession/{session.pk}/change/"
    link = f"/admin/knowledge/answer/?agent={agent.pk}&message="
    client.force_login(bob)
    assert "Write an answer" not in client.get(conversation).content.decode()
    assert client.get(f"{link}{asked.pk}").status_code == 404
    client.force_login(alice)
    page = client.get(conversation).content.decode()
    assert page.count("Write an answer") == 1
    assert f'href="{link.replace("&", "&amp;")}{asked.pk}"' in page
    form = client.get(f"{link}{asked.pk}")
    assert form.context["form"]["title"].value() == f"{QUESTION} Please."
    data = {"title": QUESTION, "content": "Yes, all tents.", "url": "nope nope"}
    assert "Yes, all tents." in client.post(f"{link}{asked.pk}", data).content.decode()
    response = client.post(f"{link}{asked.pk}", {**data, "url": "", "keep": "on"})
    assert response["Location"] == conversation
    assert AgentQuestion.objects.get(agent=agent).question == f"{QUESTION}\nPlease."
    assert KnowledgeEntry.objects.get(agent=agent, title=QUESTION).content == "Yes, all tents."
    other = make_agent(widget.organization)
    for wrong in (f"{link}{session.pk}", f"{link}x", link.replace(str(agent.pk), str(other.pk))):
        assert client.get(f"{wrong}{asked.pk if wrong.endswith('=') else ''}").status_code == 404
