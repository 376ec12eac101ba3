"""Websites as sources of knowledge: read, synced, undone; over REST and by the jobs."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from loquent.agents.knowledge_source import KnowledgeSource
from loquent.agents.models import KnowledgeEntry
from loquent.agents.services.entries import save_entry
from loquent.agents.services.sources import enqueue_due_syncs
from loquent.agents.services.syncing import begin_sync
from loquent.agents.tests.site import HTML, TEXT, Site, page
from loquent.agents.tests.sources import Sources
from loquent.jobs.queue import TIMED_OUT, claim_jobs, settle_job
from loquent.testing.jobs import run_due_jobs

pytestmark = pytest.mark.django_db(transaction=True)


def test_website_becomes_knowledge_that_answers(sources: Sources, site: Site) -> None:
    site.fill(4)
    preview = sources.client.post(f"{sources.list}preview/", {"url": f"{site.root}/"}).json()
    assert (preview["title"], preview["count"], preview["is_whole"]) == ("Start", 5, True)
    assert not KnowledgeEntry.objects.exists()
    source = sources.add(f"{site.root}/")
    assert (source["kind"], source["status"], source["error"]) == ("website", "ready", "")
    assert (source["pages"], source["pages_read"], source["pages_found"]) == (5, 5, 5)
    assert source["last_sync_at"]
    assert set(sources.report().values()) == {("added", "")}
    assert sources.answer("What about subject3?") == "T3"
    hit = sources.client.get(f"/api/v1/agents/{sources.agent.id}/search/?q=subject3").json()
    assert hit["hits"][0]["url"] == f"{site.root}/topic-3"


@pytest.mark.costly
def test_sync_tells_added_changed_and_same_pages_and_undo_restores(
    sources: Sources, site: Site
) -> None:
    site.fill(4)
    sources.add(f"{site.root}/")
    before = sources.texts()
    ids = set(KnowledgeEntry.objects.values_list("id", flat=True))
    # White space is no change.
    _, _, body = site.pages["/topic-0"]
    site.pages["/topic-0"] = 200, HTML, body.replace(b" ", b" \n ")
    site.pages["/topic-1"] = page(f"{TEXT} Now about zebras.", title="T1")
    site.pages["/new"] = page(f"{TEXT} This is new.", title="New")
    site.sitemap("/", *(f"/topic-{number}" for number in range(4)), "/new")
    assert sources.sync()["can_undo"] is True
    report = {path: state for path, (state, _) in sources.report().items()}
    assert report == {
        "": "same", "topic-0": "same", "topic-1": "changed", "topic-2": "same", "topic-3": "same",
        "new": "added",
    }  # fmt: skip
    assert "zebras" in sources.texts()["T1"]
    assert ids < set(KnowledgeEntry.objects.values_list("id", flat=True))
    assert sources.undo() == 200
    assert sources.texts() == before
    assert set(KnowledgeEntry.objects.values_list("id", flat=True)) == ids
    assert sources.undo() == 409
    # Undone is not forgotten: the next sync reads the site as it is.
    sources.sync()
    assert "New" in sources.texts()


@pytest.mark.costly
def test_crawl_follows_links_below_the_start_page_only(sources: Sources, site: Site) -> None:
    site.pages = {
        "/help/": page(TEXT, title="Help", links=("a", "/other/", "/help/a?utm_source=x#top")),
        "/help/a": page(f"{TEXT} A.", title="A", links=("/help/b/", "mailto:x@y.z", "c.pdf")),
        "/help/b/": page(f"{TEXT} B.", title="B", links=("http://192.0.2.1/", "javascript:x()")),
        "/other/": page(f"{TEXT} Other.", title="Other"),
    }
    assert sources.add(f"{site.root}/help/")["pages"] == 3
    assert set(sources.texts()) == {"Help", "A", "B"}
    assert site.asked.count("/help/a") == 1
    assert not {"/other/", "/help/c.pdf"} & set(site.asked)


def test_crawl_obeys_robots_and_names_itself(sources: Sources, site: Site) -> None:
    site.fill(2)
    rules = b"User-agent: *\nDisallow: /topic-1\n"
    site.pages["/robots.txt"] = 200, {"Content-Type": "text/plain"}, rules
    sources.add(f"{site.root}/")
    assert "/topic-1" not in site.asked
    assert sources.report()["topic-1"] == ("skipped", "robots.txt doesn't allow reading it.")
    agents = {request.headers["user-agent"] for request in site.receiver.requests}
    assert len(agents) == 1
    assert agents.pop().startswith("LoquentBot/")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (page("", head="<script src=app.js></script>"), "JavaScript"),
        ((200, HTML, b"<div id=root></div><script>x()</script>"), "JavaScript"),
        ((200, HTML, b"<p>  </p>"), "has no text"),
        ((200, {"Content-Type": "image/png"}, b"x"), "not the address of a web page"),
        ((404, HTML, b""), "error 404"),
        ((503, HTML, b""), "error 503"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "can't be read"),
        ((302, {"Location": "http://169.254.169.254/"}, b""), "not on the public internet"),
        ((302, {"Location": "/"}, b""), "too often"),
    ],
)
def test_site_that_cannot_be_read_says_why(
    sources: Sources, site: Site, reply: Any, why: str
) -> None:
    site.pages = {"/": reply}
    source = sources.add(f"{site.root}/")
    assert source["status"] == "failed"
    assert why in source["error"]
    assert source["pages"] == 0


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://user:x@127.0.0.1/", "ftp://127.0.0.1/", "http://[::1]/", ""]
)
def test_address_that_is_not_allowed_is_refused(sources: Sources, site: Site, url: str) -> None:
    for address in (sources.list, f"{sources.list}preview/"):
        response = sources.client.post(address, {"url": url}, format="json")
        assert response.status_code == 400
        assert list(response.json()["fields"]) == ["url"]


def test_hidden_text_is_not_read_but_folded_text_is(sources: Sources, site: Site) -> None:
    body = (
        f"<main><h1>FAQ</h1><p>{TEXT}</p><p hidden>secretA</p><div style='display: none'>secretB"
        "</div><!-- secretC --><button aria-controls='x'>More</button><div id=x hidden>foldedD"
        "</div><details><summary>Q</summary>foldedE</details><script>secretF</script></main>"
    )
    site.pages = {"/": (200, HTML, body.encode())}
    sources.add(f"{site.root}/")
    text = sources.texts()["FAQ"]
    assert "secret" not in text
    assert "foldedD" in text
    assert "foldedE" in text


@pytest.mark.costly
def test_same_text_under_several_addresses_is_one_page(sources: Sources, site: Site) -> None:
    twin = page(f"{TEXT} Twin.", title="Twin", head='<link rel="canonical" href="/twin">')
    shown = tuple(f"/twin?color={n}" for n in range(3))
    site.pages = {"/": page(TEXT, title="Start", links=(*shown, "/copy")), "/twin": twin}
    site.pages |= {**dict.fromkeys(shown, twin), "/copy": page(f"{TEXT} Twin.", title="Twin")}
    assert sources.add(f"{site.root}/")["pages"] == 2
    states = sources.report()
    assert {states["copy"][0], states["twin"][0]} == {"added", "skipped"}


@pytest.mark.costly
def test_edited_entry_belongs_to_its_editor(sources: Sources, site: Site) -> None:
    site.fill(4)
    sources.add(f"{site.root}/")
    entry = KnowledgeEntry.objects.get(title="T1")
    save_entry(agent=sources.agent, entry_id=entry.id, data={"content": "Mine."})
    site.pages["/topic-1"] = page(f"{TEXT} Another text.", title="T1")
    sources.sync()
    entry.refresh_from_db()
    assert (entry.content, entry.page_id) == ("Mine.", None)
    assert KnowledgeEntry.objects.filter(title="T1").count() == 1
    assert "no longer read" in sources.report()["topic-1"][1]
    # It is hand-made now, and stays when the source goes.
    agent = f"/api/v1/agents/{sources.agent.id}/"
    assert [row["title"] for row in sources.client.get(agent).json()["knowledge"]] == ["T1"]
    assert sources.client.delete(sources.one).status_code == 204
    assert list(KnowledgeEntry.objects.values_list("title", flat=True)) == ["T1"]


def test_knowledge_over_rest_leaves_entries_of_sources_alone(sources: Sources, site: Site) -> None:
    site.fill(2)
    address = f"/api/v1/agents/{sources.agent.id}/"
    tag = sources.client.get(address)["ETag"]
    sources.add(f"{site.root}/")
    answer = sources.client.get(address)
    assert (answer.json()["knowledge"], answer["ETag"]) == ([], tag)
    body = {"knowledge": [{"title": "Mine", "content": "By hand."}]}
    changed = sources.client.patch(address, body, format="json", headers={"If-Match": tag}).json()
    assert [row["title"] for row in changed["knowledge"]] == ["Mine"]
    assert len(sources.texts()) == 3
    assert sources.answer("subject1") == "T1"


def test_website_whose_sync_took_too_long_has_failed_and_can_be_read_again(
    sources: Sources, site: Site
) -> None:
    site.fill(1)
    response = sources.client.post(sources.list, {"url": f"{site.root}/"}, format="json")
    sources.one = response["Location"]
    [job] = claim_jobs(owner=uuid.uuid4(), room={"sync_source": 1})
    begin_sync(source_id=uuid.UUID(response.json()["id"]))
    settle_job(job, TimeoutError())
    found = sources.read()
    assert (found["status"], found["error"]) == ("failed", TIMED_OUT)
    again = sources.client.post(f"{sources.one}sync/", {}, format="json").json()
    assert again["status"] == "waiting"


def test_sources_are_synced_every_week(sources: Sources, site: Site) -> None:
    site.fill(2)
    sources.add(f"{site.root}/")
    site.pages["/topic-1"] = page(f"{TEXT} A week later.", title="T1")
    enqueue_due_syncs()
    assert run_due_jobs() == []
    KnowledgeSource.objects.update(next_sync_at=timezone.now() - timedelta(seconds=1))
    enqueue_due_syncs()
    enqueue_due_syncs()
    assert run_due_jobs() == ["sync_source"]
    assert "A week later" in sources.texts()["T1"]
    row = KnowledgeSource.objects.get()
    assert row.next_sync_at is not None
    assert timedelta(days=6) < row.next_sync_at - timezone.now() <= timedelta(days=7)


def test_admin_pages_obey_role_and_organization(
    client: Client, sources: Sources, site: Site, alice: User, bob: User, charlie: User
) -> None:
    site.fill(2)
    sources.add(f"{site.root}/")
    source_id = sources.read()["id"]
    page_url = f"/admin/agents/textagent/{sources.agent.id}/sources/"
    deletion = {"do": "delete", "source": source_id}
    # A viewer of the organization, and an owner of another one.
    for person, status in ((bob, 200), (charlie, 404)):
        client.force_login(person)
        assert client.get(page_url).status_code == status
        assert client.get(page_url, {"report": source_id}).status_code == status
        assert client.post(f"{page_url}change/", deletion).status_code == 404
    client.force_login(alice)
    assert client.get(page_url, {"report": str(sources.agent.id)}).status_code == 404
    shown = client.get(page_url, {"report": source_id}).content.decode()
    assert f"{site.root}/topic-1" in shown
    entry = KnowledgeEntry.objects.get(title="T1")
    told = client.get(page_url.replace("/sources/", "/knowledge/"), {"entry": str(entry.id)}).json()
    assert told["source"] == f"{site.root}/"
    assert client.post(f"{page_url}change/", deletion).status_code == 200
    assert not KnowledgeEntry.objects.exists()
