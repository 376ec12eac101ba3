"""The page of an assistant's test questions: adding, importing and running them."""

import json

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from loquent.agents.models import AgentQuestion, TextAgent
from loquent.agents.services import create_agent, update_agent
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import WidgetMessage
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/admin/quality/questions/"
SHIPPING = {"title": "Shipping", "content": "A parcel costs 5 euros.", "url": ""}
HOURS = {"title": "Opening hours", "content": "Open from nine to six.", "url": ""}


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return create_agent(
        organization=acme,
        data={"name": "Shop", "knowledge": [SHIPPING, HOURS]},  # type: ignore[list-item]
    )


@pytest.fixture
def page(agent: TextAgent) -> str:
    return f"{PATH}?agent={agent.id}"


def entry_id(agent: TextAgent, title: str) -> str:
    return str(agent.knowledge.get(title=title).id)


def test_runs_show_what_a_change_of_knowledge_did(
    client: Client, alice: User, agent: TextAgent, page: str
) -> None:
    client.force_login(alice)
    for question, title in (
        ("What does a parcel cost?", "Shipping"),
        ("When open?", "Opening hours"),
    ):
        form = {"action": "add", "question": question, "expect": "entry"}
        added = client.post(page, {**form, "entry": entry_id(agent, title)}, follow=True)
        assert b"The question was added." in added.content
    nothing = {"action": "add", "question": "Who is the pope?", "expect": "none"}
    assert client.post(page, nothing).status_code == 302
    ran = client.post(page, {"action": "run"}, follow=True)
    assert b"3 of 3 questions are right." in ran.content
    update_agent(
        agent=agent,
        data={
            "knowledge": [
                {"id": agent.knowledge.get(title="Shipping").id, "content": "See the list."},
                {"id": agent.knowledge.get(title="Opening hours").id},
            ]
        },
    )
    context = client.post(page, {"action": "run"}, follow=True).context
    assert context["lost"] == ["What does a parcel cost?"]
    newest, first = context["runs"]
    assert (newest["figures"][0], first["figures"][0]) == (50.0, 100.0)
    assert (newest["lost"], newest["gained"], newest["entries"]) == (1, 0, 2)
    # The wrong question comes first.
    assert context["questions"][0].question == "What does a parcel cost?"
    [row] = client.get("/admin/quality/").context["evaluated"]
    assert (row["agent"], row["run"]["lost"]) == (agent, 1)
    delete = {"action": "delete", "delete": str(context["questions"][0].id)}
    assert client.post(page, delete, follow=True).context["count"] == 2


def test_refused_question_keeps_what_was_typed(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    form = {"action": "add", "question": "What does it cost?", "previous": "A tent?"}
    refused = client.post(page, {**form, "expect": "entry", "entry": ""})
    assert refused.context["form"].errors["entry"] == ["Name the entry that answers the question."]
    assert b"What does it cost?" in refused.content
    assert b"A tent?" in refused.content
    assert AgentQuestion.objects.count() == 0


def test_question_of_the_playground_fills_in_the_form_and_saves_nothing(
    client: Client, alice: User, agent: TextAgent, page: str
) -> None:
    client.force_login(alice)
    entry = entry_id(agent, "Shipping")
    draft = {"question": "And a <b>parcel</b>?", "previous": "A letter?", "expect": "entry"}
    shown = client.post(page, {"action": "draft", **draft, "entry": entry})
    form = shown.context["form"]
    assert {name: form[name].value() for name in form.fields} == {**draft, "entry": entry}
    assert b"And a &lt;b&gt;parcel&lt;/b&gt;?" in shown.content
    assert f'value="{entry}" selected' in shown.content.decode()
    assert not form.errors
    assert AgentQuestion.objects.count() == 0
    for odd in ({}, {"expect": "x", "entry": "y", "question": "z" * 3_000}):
        assert client.post(page, {"action": "draft", **odd}).status_code == 200


def test_disliked_answer_leads_to_a_test_question(
    client: Client, alice: User, acme: Organization, agent: TextAgent
) -> None:
    session, _ = create_widget_session(widget=make_widget(acme, agent=agent))
    asked = append_message(session, role="user", content="Do you repair tents?")
    answer = append_message(session, role="assistant", content="Hm.", reply_to=asked)
    WidgetMessage.objects.filter(id=answer.id).update(rating="down")
    client.force_login(alice)
    [row] = client.get("/admin/quality/").context["answers"]
    assert "repair" not in row["test_url"]
    page = client.get(row["test_url"])
    assert page.context["form"]["question"].value() == "Do you repair tents?"
    other = create_agent(organization=acme, data={"name": "Other"})
    foreign = client.get(f"{PATH}?agent={other.id}&answer={answer.id}")
    assert foreign.context["form"]["question"].value() == ""


def upload(client: Client, page: str, *lines: object) -> list[str]:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    file = SimpleUploadedFile("set.jsonl", text.encode("utf-8-sig"))
    response = client.post(page, {"action": "import", "file": file}, follow=True)
    return list(response.context["import_errors"])


def test_file_with_wrong_lines_is_refused_line_by_line(
    client: Client, alice: User, agent: TextAgent, page: str
) -> None:
    client.force_login(alice)
    good = {"question": "What does a parcel cost?", "entry": "Shipping"}
    errors = upload(
        client, page, good, "{", [1], {"question": "", "expect": "none"},
        {"question": "a", "entry": "Nothing"}, {"question": "b"}, {"question": "c", "expect": "x"},
        {"question": "d", "expect": "none", "entry": "Shipping"}, {"question": 1, "expect": "none"},
        {"question": "e", "wrong": "x"}, {"question": "f" * 2_001, "expect": "none"},
    )  # fmt: skip
    assert [error.split(":")[0] for error in errors] == [f"line {n}" for n in range(2, 12)]
    assert all(len(error.split(": ", 1)[1]) > 10 for error in errors)
    assert AgentQuestion.objects.count() == 0
    person = {"question": "A human, please", "expect": "person"}
    by_id = {"question": "When?", "previous": "Hi", "entry": entry_id(agent, "Opening hours")}
    assert upload(client, page, good, "", person, by_id) == []
    assert AgentQuestion.objects.count() == 3
    lines = "\n".join(json.dumps(row) for row in (good, {**person, "expect": "none"}, by_id))
    again = SimpleUploadedFile("set.jsonl", lines.encode())
    response = client.post(page, {"action": "import", "file": again}, follow=True)
    assert b"0 questions added, 1 updated, 2 unchanged." in response.content
    assert AgentQuestion.objects.count() == 3
    file = SimpleUploadedFile("set.jsonl", b"\xff\xfe")
    refused = client.post(page, {"action": "import", "file": file})
    assert refused.context["import_errors"] == ["The file is not UTF-8 text."]
    assert client.post(page, {"action": "import"}).context["import_errors"] == ["Choose a file."]


def test_only_those_who_may_change_the_agent_edit_its_questions(
    client: Client, bob: User, charlie: User, page: str
) -> None:
    client.force_login(charlie)
    seen = client.get(page).status_code
    client.force_login(bob)
    assert {seen, client.get(page).status_code} == {200, 404}
    for user in (bob, charlie):
        client.force_login(user)
        for action in ("add", "run", "delete", "import", "draft"):
            assert client.post(page, {"action": action}).status_code == 404
    assert client.get(f"{PATH}?agent=x").status_code == 404
