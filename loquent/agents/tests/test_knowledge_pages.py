"""An agent's knowledge on its page: entry by entry, and from files."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from loquent.agents.importing.reading import FULL, MAX_ENTRIES, MAX_TOLD
from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.agents.services import entries as knowledge
from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme)


@pytest.fixture
def page(agent: TextAgent) -> str:
    return f"/admin/agents/textagent/{agent.id}/knowledge/"


@pytest.fixture
def upload(client: Client, alice: User, page: str) -> Callable[[str, bytes], Any]:
    client.force_login(alice)

    def send(name: str, data: bytes) -> Any:
        return client.post(f"{page}import/", {"file": SimpleUploadedFile(name, data)})

    return send


def test_entries_are_added_changed_and_deleted(
    client: Client, alice: User, agent: TextAgent, page: str
) -> None:
    client.force_login(alice)
    before = agent.updated_at
    new = {"title": " Hours ", "content": "Nine\r\nto six.", "url": "example.com/hours"}
    assert client.post(f"{page}save/", new).status_code == 200
    made = KnowledgeEntry.objects.get(title="Hours")
    assert made.url == "https://example.com/hours"
    assert made.content == "Nine\nto six."
    entry = client.get(page, {"entry": str(made.id)}).json()
    changed = {**entry, "content": "Always open."}
    assert client.post(f"{page}save/", changed).status_code == 200
    made.refresh_from_db()
    assert made.content == "Always open."
    agent.refresh_from_db()
    assert agent.updated_at > before
    assert "Hours" in client.get(page).content.decode()
    assert client.post(f"{page}delete/", {"id": made.id}).status_code == 200
    assert client.post(f"{page}delete/", {"id": made.id}).status_code == 200
    assert not KnowledgeEntry.objects.filter(title="Hours").exists()


def test_second_editor_of_an_entry_does_not_overwrite_the_first(
    client: Client, alice: User, page: str
) -> None:
    client.force_login(alice)
    entry = client.get(page, {"entry": str(KnowledgeEntry.objects.first().id)}).json()  # type: ignore[union-attr]
    assert client.post(f"{page}save/", {**entry, "content": "First"}).status_code == 200
    refused = client.post(f"{page}save/", {**entry, "content": "Second"})
    assert refused.status_code == 409
    assert "Someone else changed this entry" in refused.json()["message"]
    assert KnowledgeEntry.objects.get(id=entry["id"]).content == "First"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"title": "", "content": "C"}, "title"),
        ({"title": "T", "content": " "}, "content"),
        ({"title": "T", "content": "C" * 100_001}, "content"),
        ({"title": "T", "content": "C", "url": "javascript:alert(1)"}, "url"),
    ],
)
def test_form_error_names_the_invalid_field(
    client: Client, alice: User, page: str, data: dict[str, str], field: str
) -> None:
    client.force_login(alice)
    response = client.post(f"{page}save/", data)
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
    assert KnowledgeEntry.objects.count() == 2


def test_form_refuses_more_knowledge_than_an_agent_can_hold(
    client: Client, alice: User, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(alice)
    monkeypatch.setattr(knowledge, "MAX_ENTRIES", 2)
    assert client.post(f"{page}save/", {"title": "T", "content": "C"}).status_code == 400
    assert KnowledgeEntry.objects.count() == 2


def test_form_and_import_refuse_more_passages_than_an_agent_can_hold(
    client: Client,
    alice: User,
    page: str,
    upload: Callable[[str, bytes], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client.force_login(alice)
    monkeypatch.setattr(knowledge, "MAX_PASSAGES", 4)
    content = "\n\n".join(["x" * 600] * 3)
    response = client.post(f"{page}save/", {"title": "T", "content": content})
    assert response.json()["fields"]["content"] == [FULL]
    report = upload("a.txt", content.encode()).json()
    assert (report["added"], report["skipped"][0]["why"]) == (0, FULL)
    content = "\n\n".join(["x" * 600] * 2)
    assert client.post(f"{page}save/", {"title": "T", "content": content}).status_code == 200


@pytest.mark.parametrize("who", ["bob", "charlie"])
def test_users_without_permission_cannot_write(
    client: Client, request: pytest.FixtureRequest, page: str, who: str
) -> None:
    entry = KnowledgeEntry.objects.first()
    assert entry is not None
    client.force_login(request.getfixturevalue(who))
    for address, data in (
        ("save/", {"title": "T", "content": "C"}),
        ("delete/", {"id": entry.id}),
        ("import/", {"file": SimpleUploadedFile("a.txt", b"Hello")}),
    ):
        assert client.post(f"{page}{address}", data).status_code == 404
    assert client.get(page).status_code == (200 if who == "bob" else 404)
    assert KnowledgeEntry.objects.count() == 2


def test_entry_of_another_agent_is_404(
    client: Client, alice: User, acme: Organization, page: str
) -> None:
    other = make_agent(acme).knowledge.first()
    assert other is not None
    client.force_login(alice)
    assert client.get(page, {"entry": str(other.id)}).status_code == 404
    data = {"id": other.id, "title": "T", "content": "C"}
    assert client.post(f"{page}save/", data).status_code == 404
    client.post(f"{page}delete/", {"id": other.id})
    assert KnowledgeEntry.objects.filter(id=other.id).exists()


def test_a_file_becomes_entries_and_says_what_it_left_out(
    upload: Callable[[str, bytes], Any], agent: TextAgent
) -> None:
    rows = (
        "Question;Answer;Link\nOpen?;Nine to six.;https://example.com/\nEmpty?;;\n"
        "Ship?;We ship every working day.  Parcels arrive within two days.;\nBad?;Link.;ftp://x\n"
    )
    report = upload("faq.csv", rows.encode()).json()
    assert report == {
        "added": 2,
        "skipped": [
            {"what": "faq.csv, row 3", "why": "It is empty."},
            {"what": "Ship?", "why": "The same text is already in the knowledge."},
        ],
        "more": 0,
        "encodings": [],
    }
    made = agent.knowledge.get(title="Open?")
    assert (made.content, made.url) == ("Nine to six.", "https://example.com/")
    assert agent.knowledge.get(title="Bad?").url == ""
    again = upload("faq.csv", rows.encode()).json()
    assert again["added"] == 0
    assert agent.knowledge.count() == 4


def test_import_leaves_out_entries_beyond_the_limit(
    upload: Callable[[str, bytes], Any], agent: TextAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowledge, "MAX_ENTRIES", 3)
    report = upload("a.csv", b"title,text\nA,1\nB,2\n").json()
    assert (report["added"], len(report["skipped"])) == (1, 1)
    assert agent.knowledge.count() == 3


@pytest.mark.costly
def test_report_names_the_first_parts_left_out_and_counts_the_rest(
    upload: Callable[[str, bytes], Any], agent: TextAgent
) -> None:
    data = b"".join(b"# h\n\ntext %d\n" % (number // 2) for number in range(60_000))
    response = upload("h.md", data)
    assert len(response.content) < 50_000
    report = response.json()
    assert report["added"] + 2 == agent.knowledge.count() == MAX_ENTRIES
    assert len(report["skipped"]) == MAX_TOLD
    assert report["added"] + MAX_TOLD + report["more"] == 60_000
    page = upload("h.md", data).json()
    assert (page["added"], page["more"]) == (0, 60_000 - MAX_TOLD)


def test_audit_log_records_each_change(
    client: Client, alice: User, agent: TextAgent, page: str
) -> None:
    client.force_login(alice)
    AuditEntry.objects.all().delete()
    new = {"title": "Hours", "content": "Nine to six."}
    client.post(f"{page}save/", new)
    entry = agent.knowledge.get(title="Hours")
    client.post(f"{page}save/", {**new, "id": entry.id, "content": "Always open."})
    client.post(f"{page}save/", {**new, "id": entry.id, "content": "Always open."})
    client.post(f"{page}delete/", {"id": entry.id})
    client.post(f"{page}delete/", {"id": entry.id})
    gone, edited, made = AuditEntry.objects.all()
    assert [line.action for line in (made, edited, gone)] == [0, 1, 2]
    assert made.changes == {"title": ["", "Hours"]}
    assert edited.changes == {"content": ["Nine to six.", "Always open."]}
    assert gone.changes == {"title": ["Hours", ""]}
    for line in (made, edited, gone):
        assert (line.actor, line.organization) == (alice, agent.organization)
        assert (line.object_repr, line.object_pk) == ("Hours", str(entry.id))
    lines = client.get("/admin/organizations/auditentry/").content.decode()
    assert "content: Nine to six. → Always open." in lines


@pytest.mark.costly
def test_an_import_is_one_line_of_the_audit_log(
    upload: Callable[[str, bytes], Any], client: Client, alice: User, agent: TextAgent
) -> None:
    AuditEntry.objects.all().delete()
    with CaptureQueriesContext(connection) as for_one:
        upload("a.csv", b"title,text\nA,1\n")
    rows = b"title,text\n" + b"".join(b"B,B %d\n" % number for number in range(50))
    with CaptureQueriesContext(connection) as for_many:
        upload("b.csv", rows)
        upload("b.csv", rows)
    assert len(for_many) <= 2 * len(for_one)
    second, first = AuditEntry.objects.all()
    assert first.changes == {"knowledge": ["2 entries", "3 entries, 1 of them imported"]}
    assert second.changes == {"knowledge": ["3 entries", "53 entries, 50 of them imported"]}
    assert (second.actor, second.object_pk) == (alice, str(agent.pk))
    lines = client.get("/admin/organizations/auditentry/").content.decode()
    assert "knowledge: 3 entries → 53 entries, 50 of them imported" in lines


def test_import_without_a_file_is_refused(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assert client.post(f"{page}import/").json()["message"] == "Please choose a file."
