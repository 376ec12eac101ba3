"""A sync never makes an agent know less by accident, whatever its site does."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from loquent.agents.crawling.crawl import Crawl
from loquent.agents.models import KnowledgeEntry
from loquent.agents.services import syncing
from loquent.agents.services.sources import changes
from loquent.agents.tests.site import HTML, TEXT, Site, page
from loquent.agents.tests.sources import Sources
from loquent.jobs.kinds import KINDS
from loquent.jobs.models import Job
from loquent.jobs.queue import claim_jobs

pytestmark = [pytest.mark.promise(25), pytest.mark.django_db(transaction=True)]
DOWN = (503, HTML, b"<p>Back soon</p>")
MAINTENANCE = page("We are working on our site, please come back later. " * 8, title="Sorry")
FRAME = (200, HTML, b"<div id=root></div><script src=app.js></script>")
EMPTY = (200, HTML, b"<html><body></body></html>")


def everywhere(site: Site, reply: Any) -> None:
    """Answer every page with this, but for robots.txt and the sitemap."""
    for path in site.pages:
        if path not in {"/robots.txt", "/sitemap.xml"}:
            site.pages[path] = reply


def move_away(site: Site) -> None:
    elsewhere = f"http://localhost:{site.receiver.port}/parked/"
    everywhere(site, (301, {"Location": elsewhere}, b""))
    site.pages["/parked/"] = page(f"{TEXT} Buy this domain!", title="Parked")


def forbid(site: Site) -> None:
    site.pages["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /")


def forbid_topics(site: Site) -> None:
    site.pages["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /topic-\n")


def to_login(site: Site) -> None:
    start = site.pages["/"]
    everywhere(site, (302, {"Location": "https://127.0.0.1:9/login"}, b""))
    site.pages["/"] = start


def to_start(site: Site) -> None:
    start = site.pages["/"]
    everywhere(site, (301, {"Location": "/"}, b""))
    site.pages["/"] = start


def same_start(site: Site) -> None:
    everywhere(site, site.pages["/"])


def cut_off(site: Site) -> None:
    everywhere(site, (200, {**HTML, "Content-Length": "9000"}, b"<p>Half of a"))


def huge(site: Site) -> None:
    everywhere(site, (200, HTML, b"<p>" + b"x" * 2_200_000))


CASES: list[tuple[Any, str]] = [
    (lambda site: everywhere(site, DOWN), "failed"),
    (lambda site: everywhere(site, (404, HTML, b"")), "failed"),
    (lambda site: everywhere(site, (403, HTML, b"")), "failed"),
    (lambda site: everywhere(site, EMPTY), "failed"),
    (lambda site: everywhere(site, FRAME), "failed"),
    (lambda site: everywhere(site, (200, {"Content-Type": "text/css"}, b"a{}")), "failed"),
    (lambda site: everywhere(site, MAINTENANCE), "needs_confirmation"),
    (lambda site: site.pages.clear(), "failed"),
    (lambda site: site.pages.update({"/robots.txt": DOWN}), "failed"),
    (forbid, "failed"),
    (forbid_topics, "ready"),
    (move_away, "failed"),
    (to_login, "ready"),
    (to_start, "needs_confirmation"),
    (same_start, "needs_confirmation"),
    (cut_off, "failed"),
    (huge, "failed"),
]


@pytest.mark.parametrize(("happen", "status"), CASES)
@pytest.mark.costly
def test_site_that_fails_empties_or_lies_costs_nothing(
    sources: Sources, site: Site, happen: Callable[[Site], None], status: str
) -> None:
    site.fill(9)
    sources.add(f"{site.root}/")
    before, pages = sources.texts(), dict(site.pages)
    happen(site)
    for _ in range(3):
        found = sources.sync()
        assert (found["status"], found["pages"]) == (status, 10)
        assert bool(found["error"]) == (status != "ready")
        assert sources.texts() == before
    # The site is back.
    site.pages = pages
    found = sources.sync()
    assert (found["status"], found["error"], sources.texts()) == ("ready", "", before)
    assert {state for state, _ in sources.report().values()} == {"same"}


@pytest.mark.costly
def test_page_that_is_gone_is_removed_by_the_second_sync(sources: Sources, site: Site) -> None:
    site.fill(5)
    sources.add(f"{site.root}/")
    del site.pages["/topic-2"]
    assert sources.sync()["status"] == "ready"
    assert "T2" in sources.texts()
    state, reason = sources.report()["topic-2"]
    assert (state, "error 404" in reason) == ("failed", True)
    assert sources.sync()["pages"] == 5
    assert "T2" not in sources.texts()
    assert sources.report()["topic-2"][0] == "removed"
    assert sources.undo() == 200
    assert "T2" in sources.texts()


SORRY = "Sorry, we can't find what you are looking for. Try our search or our start page. " * 3


@pytest.mark.costly
@pytest.mark.parametrize(
    "missing",
    [
        lambda path: page(SORRY, title="Oops"),
        lambda path: page(f"{SORRY} Nothing is at {path}.", title=f"Oops: {path}"),
        lambda path: page(f"{SORRY} (/en{path.upper()})", title="Oops"),
    ],
)
def test_pages_that_are_gone_with_status_200_are_gone(
    sources: Sources, site: Site, missing: Callable[[str], Any]
) -> None:
    site.fill(9)
    sources.add(f"{site.root}/")
    before, pages = sources.texts(), dict(site.pages)
    site.missing = missing
    del site.pages["/topic-3"]
    assert sources.sync()["status"] == "ready"
    assert sources.texts() == before
    assert sources.report()["topic-3"][0] == "failed"
    assert sources.sync()["pages"] == 9
    assert "T3" not in sources.texts()
    site.pages = pages
    sources.sync()
    assert sources.texts() == before
    for number in range(4):
        del site.pages[f"/topic-{number}"]
    assert sources.sync()["status"] == "needs_confirmation"
    assert sources.texts() == before


@pytest.mark.costly
def test_pages_of_a_site_that_shows_one_of_them_for_any_address_are_read(
    sources: Sources, site: Site
) -> None:
    site.fill(3)
    site.missing = lambda path: site.pages["/"]
    sources.add(f"{site.root}/")
    site.pages["/"] = page(f"{TEXT} A new start.", title="Start")
    site.pages["/topic-1"] = page(f"{TEXT} A new text.", title="T1")
    assert (sources.sync()["status"], len(sources.texts())) == ("ready", 4)
    assert "new start" in sources.texts()["Start"]
    assert "new text" in sources.texts()["T1"]


@pytest.mark.costly
def test_page_that_comes_back_is_not_removed_by_a_later_miss(sources: Sources, site: Site) -> None:
    site.fill(5)
    sources.add(f"{site.root}/")
    there = site.pages.pop("/topic-2")
    sources.sync()
    site.pages["/topic-2"] = there
    sources.sync()
    del site.pages["/topic-2"]
    sources.sync()
    assert "T2" in sources.texts()


@pytest.mark.costly
def test_many_removals_wait_for_a_person(sources: Sources, site: Site) -> None:
    site.fill(9)
    sources.add(f"{site.root}/")
    before = sources.texts()
    for number in range(4):
        del site.pages[f"/topic-{number}"]
    site.pages["/topic-8"] = page(f"{TEXT} Changed.", title="T8")
    found = sources.sync()
    assert found["status"] == "needs_confirmation"
    assert found["error"].startswith("4 of 10 pages are gone. Nothing was changed.")
    assert sources.texts() == before
    found = sources.sync(accept_removals=True)
    assert (found["status"], found["pages"], found["error"]) == ("ready", 6, "")
    assert "Changed." in sources.texts()["T8"]
    # What was accepted once is not accepted for ever.
    for number in range(4, 7):
        del site.pages[f"/topic-{number}"]
    assert sources.sync()["status"] == "needs_confirmation"
    assert sources.undo() == 200
    assert sources.texts() == before


@pytest.mark.costly
def test_almost_empty_page_replaces_nothing(sources: Sources, site: Site) -> None:
    site.fill(5)
    site.pages["/topic-1"] = page(TEXT * 10, title="T1")
    sources.add(f"{site.root}/")
    site.pages["/topic-1"] = page("Soon.", title="T1")
    sources.sync()
    assert len(sources.texts()["T1"]) > 500
    assert "almost no text" in sources.report()["topic-1"][1]


class Killed(BaseException):
    """The process ends here."""


def run_and_die() -> None:
    """Run the due job in a worker that dies: nobody settles the job, and its lease expires."""
    [job] = claim_jobs(owner=uuid.uuid4(), room=dict.fromkeys(KINDS, 1))
    with pytest.raises(Killed):
        KINDS[job.kind].call(*job.args)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.exhaustive
@pytest.mark.parametrize("where", ["wave", "pages", "entries", "end"])
def test_sync_killed_in_the_middle_changes_nothing_and_runs_again(
    sources: Sources, site: Site, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    site.fill(5)
    sources.add(f"{site.root}/")
    before = sources.texts()
    for number in range(5):
        site.pages[f"/topic-{number}"] = page(f"{TEXT} Changed {number}.", title=f"T{number}")
    owner, name = {
        "wave": (Crawl, "_read_wave"),
        "pages": (changes, "save_pages"),
        "entries": (changes, "write_entries"),
        "end": (syncing, "apply_decisions"),
    }[where]
    whole = getattr(owner, name)

    async def die_later(*args: Any, **kwargs: Any) -> None:
        await whole(*args, **kwargs)
        raise Killed

    def die(*args: Any, **kwargs: Any) -> None:
        whole(*args, **kwargs)
        raise Killed

    sources.client.post(f"{sources.one}sync/", {}, format="json")
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, die_later if where == "wave" else die)
        for _ in range(20):
            run_and_die()
            assert sources.texts() == before
            assert sources.read()["status"] == "running"
    assert sources.sync()["status"] == "ready"
    assert "Changed 3." in sources.texts()["T3"]
    assert KnowledgeEntry.objects.count() == 6


def test_older_sync_that_still_runs_changes_nothing(sources: Sources, site: Site) -> None:
    site.fill(3)
    sources.add(f"{site.root}/")
    source_id = uuid.UUID(sources.read()["id"])
    old = syncing.begin_sync(source_id=source_id)
    assert old is not None
    syncing.begin_sync(source_id=source_id)
    before = sources.texts()
    syncing.apply_sync(sync=old, results={})
    syncing.fail_sync(sync=old, error="Too late.")
    assert (sources.texts(), sources.read()["error"]) == (before, "")
    assert not syncing.report_progress(sync=old, read=1, found=1)
