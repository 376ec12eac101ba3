"""PDF, Word and text files as sources of knowledge: read, replaced, undone; over REST."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, StreamObject
from rest_framework.test import APIClient

from loquent.agents.importing import pdf as pdf_module
from loquent.agents.knowledge_source import KnowledgeSource, SourceFile
from loquent.agents.models import KnowledgeEntry
from loquent.agents.services.entries import save_entry
from loquent.agents.services.sources import enqueue_due_syncs
from loquent.agents.tests.documents import docx, pdf
from loquent.agents.tests.site import TEXT
from loquent.agents.tests.sources import Sources
from loquent.jobs.models import Job
from loquent.jobs.queue import LOST, retry_job
from loquent.organizations.models import Organization
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.jobs import lose_due_jobs, run_due_jobs

pytestmark = pytest.mark.django_db(transaction=True)
HANDBOOK = Path(__file__).parent / "data" / "handbook.pdf"


def send(sources: Sources, name: str, data: bytes, *, to: str = "", **fields: str) -> Any:
    file = SimpleUploadedFile(name, data)
    return sources.client.post(to or sources.list, {"file": file, **fields}, format="multipart")


def add(sources: Sources, name: str, data: bytes, **fields: str) -> dict[str, Any]:
    response = send(sources, name, data, **fields)
    assert response.status_code in {200, 201}, response.json()
    assert response.json()["status"] == "waiting"
    sources.one = f"{sources.list}{response.json()['id']}/"
    run_due_jobs()
    return sources.read()


def report(sources: Sources) -> dict[str, tuple[str, str]]:
    rows = sources.client.get(f"{sources.one}report/").json()
    return {row["url"]: (row["state"], row["reason"]) for row in rows}


def test_pages_of_a_pdf_become_knowledge_that_answers(sources: Sources) -> None:
    url = "https://example.com/handbook.pdf"
    source = add(sources, "handbook.pdf", HANDBOOK.read_bytes(), url=url)
    assert (source["kind"], source["name"], source["url"]) == ("file", "handbook.pdf", url)
    assert (source["status"], source["error"], source["pages"]) == ("ready", "", 4)
    assert (source["pages_read"], source["pages_found"]) == (4, 4)
    assert source["last_sync_at"]
    assert source["next_sync_at"] is None
    assert report(sources) == {f"handbook.pdf#page={n}": ("added", "") for n in range(1, 5)}
    hits = sources.client.get(
        f"/api/v1/agents/{sources.agent.id}/search/", {"q": "How much does the trail 2 weigh?"}
    ).json()["hits"]
    assert hits[0]["title"] == "handbook – Pitching the tent, page 2"
    assert hits[0]["url"] == f"{url}#page=2"
    texts = sources.texts()
    # Ligatures and the shapes of Arabic letters are the letters that people type.
    assert "Choose flat ground" in texts["handbook – Pitching the tent, page 2"]
    assert "Größe" in texts["handbook – Stoves, page 3"]
    assert "مرحبا" in texts["handbook – Stoves, page 3"]
    assert not SourceFile.objects.exists()


def test_word_file_becomes_one_page_with_headings(sources: Sources) -> None:
    data = docx("# Returns", "Send it back within 40 days.", "## Costs", "We pay <b>all</b> costs.")
    source = add(sources, "Returns policy.docx", data)
    assert (source["status"], source["pages"]) == ("ready", 1)
    assert report(sources) == {"Returns policy.docx": ("added", "")}
    [text] = sources.texts().values()
    assert text.split("\n\n") == [
        "# Returns", "Send it back within 40 days.", "## Costs", "We pay <b>all</b> costs.",
    ]  # fmt: skip
    assert KnowledgeEntry.objects.get().url == ""


@pytest.mark.parametrize(
    ("name", "data", "titles"),
    [
        ("faq.md", b"# Parking\nBehind the house.", ["Parking"]),
        ("Notes.TXT", b"The shop is closed on Mondays.", ["Notes"]),
        ("prices.csv", b"title,text\nTent,120 euros\nStove,40 euros\n", ["Stove", "Tent"]),
        ("page.html", b"<main><h1>Jobs</h1><p>We are hiring.</p></main>", ["Jobs"]),
    ],
)
def test_text_files_are_read(sources: Sources, name: str, data: bytes, titles: list[str]) -> None:
    assert add(sources, name, data)["status"] == "ready"
    assert sorted(sources.texts()) == titles


@pytest.mark.costly
def test_new_version_of_a_file_is_a_sync_that_can_be_undone(sources: Sources) -> None:
    pages = [f"{TEXT} Page about subject{number}." for number in range(5)]
    first = add(sources, "guide.pdf", pdf(*pages))
    before = sources.texts()
    changed = [pages[0], f"{TEXT} Now about zebras.", *pages[2:4]]
    source = add(sources, "guide.pdf", pdf(*changed))
    assert source["id"] == first["id"]
    assert (source["status"], source["pages"], source["can_undo"]) == ("ready", 4, True)
    assert {url: state for url, (state, _) in report(sources).items()} == {
        "guide.pdf#page=1": "same", "guide.pdf#page=2": "changed", "guide.pdf#page=3": "same",
        "guide.pdf#page=4": "same", "guide.pdf#page=5": "removed",
    }  # fmt: skip
    assert "zebras" in sources.texts()["guide, page 2"]
    assert sources.undo() == 200
    assert sources.texts() == before
    assert sources.undo() == 409
    # Also under another name, to the source's own address.
    response = send(sources, "guide-2.pdf", pdf(*changed), to=f"{sources.one}sync/")
    assert (response.status_code, response.json()["name"]) == (200, "guide.pdf")
    run_due_jobs()
    assert "zebras" in sources.texts()["guide, page 2"]


@pytest.mark.promise(25)
@pytest.mark.costly
def test_new_version_without_most_pages_asks_first(sources: Sources) -> None:
    pages = [f"{TEXT} Page about subject{number}." for number in range(4)]
    add(sources, "guide.pdf", pdf(*pages))
    before = sources.texts()
    # Lost, a picture, and almost empty.
    source = add(sources, "guide.pdf", pdf(pages[0], "", "Page 3"))
    assert source["status"] == "needs_confirmation"
    assert source["error"] == (
        "3 of 4 pages are gone. Nothing was changed. Accept the removals, or upload another "
        "version."
    )
    assert sources.texts() == before
    assert sources.sync(accept_removals=True)["status"] == "ready"
    assert sources.texts() == {
        "guide, page 1": before["guide, page 1"], "guide, page 3": "Page 3",
    }  # fmt: skip
    assert not SourceFile.objects.exists()
    # Nothing is stored to be read again.
    response = sources.client.post(f"{sources.one}sync/", {}, format="json")
    assert response.status_code == 409
    assert sources.undo() == 200
    assert sources.texts() == before


COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
UNREADABLE = [
    ("scan.pdf", pdf("", ""), pdf_module.SCAN),
    ("locked.pdf", pdf("Secret.", password="x"), pdf_module.LOCKED),
    ("broken.pdf", pdf(TEXT)[:100], pdf_module.DAMAGED),
    ("not.pdf", b"This is no PDF.", pdf_module.DAMAGED),
    ("none.pdf", pdf(), pdf_module.NO_PAGES),
    ("broken.docx", docx(TEXT)[:200], "The file can't be read as a Word file. It may be damaged."),
    ("locked.docx", COMPOUND, pdf_module.LOCKED),
    ("empty.docx", docx(), "The file has no text. It may consist of pictures."),
    (
        "bomb.docx",
        docx(TEXT, extra={"word/more.xml": b" " * 60 * 1024 * 1024}),
        "The file has more than 48 MB of text and formatting.",
    ),
    ("old.txt", "Größe".encode("cp1252"), None),
    ("blank.md", b" \n ", "It is empty."),
]


@pytest.mark.promise(25)
@pytest.mark.parametrize(("name", "data", "error"), UNREADABLE, ids=[row[0] for row in UNREADABLE])
@pytest.mark.costly
def test_file_that_cannot_be_read_is_refused_in_words_and_replaces_nothing(
    sources: Sources, name: str, data: bytes, error: str | None
) -> None:
    source = add(sources, name, data)
    expected = error or "The file does not state its text encoding. Save it as UTF-8."
    assert (source["status"], source["error"], source["pages"]) == ("failed", expected, 0)
    assert not SourceFile.objects.exists()
    assert source["next_sync_at"] is None
    # The same with something to lose.
    good = {"pdf": pdf(TEXT), "docx": docx(TEXT)}.get(name.rpartition(".")[2], TEXT.encode())
    add(sources, name, good)
    before = sources.texts()
    assert len(before) == 1
    assert add(sources, name, data)["error"] == expected
    assert sources.texts() == before


def test_pdf_that_may_be_opened_without_a_password_is_read(sources: Sources) -> None:
    assert add(sources, "guide.pdf", pdf(TEXT, owner_password="x"))["status"] == "ready"


@pytest.mark.costly
def test_page_that_takes_too_much_is_skipped_and_the_others_are_read(sources: Sources) -> None:
    data = pdf(TEXT, "Bomb", f"{TEXT} The end.")
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    stream = StreamObject()
    stream.set_data(b"BT /F1 9 Tf " + b"(x) Tj " * 2_000_000)
    writer.pages[1][NameObject("/Contents")] = writer._add_object(stream.flate_encode())
    out = io.BytesIO()
    writer.write(out)
    assert len(out.getvalue()) < 100_000
    source = add(sources, "bomb.pdf", out.getvalue())
    assert (source["status"], source["pages"]) == ("ready", 2)
    state, reason = report(sources)["bomb.pdf#page=2"]
    assert state == "skipped"
    assert reason in {"The page takes too long to read.", pdf_module.HEAVY_PAGE}
    assert set(sources.texts()) == {"bomb, page 1", "bomb, page 3"}


def test_upload_is_checked_before_anything_is_stored(sources: Sources) -> None:
    for name, data, fields, field in [
        ("letter.doc", b"x", {}, "file"),
        ("no-ending", b"x", {}, "file"),
        ("empty.pdf", b"", {}, "file"),
        ("guide.pdf", b"x" * (16 * 1024 * 1024 + 1), {}, "file"),
        ("guide.pdf", b"x", {"url": "javascript:x"}, "url"),
        ("guide.pdf", b"x", {"url": "https://example.com/a#b"}, "url"),
        ("guide.pdf", b"x", {"kind": "website"}, "kind"),
    ]:
        response = send(sources, name, data, **fields)
        assert (response.status_code, list(response.json()["fields"])) == (400, [field]), name
    for body in ({"kind": "file"}, {"kind": "file", "url": "https://example.com/"}, {"url": ""}):
        assert sources.client.post(sources.list, body, format="json").status_code == 400
    assert not KnowledgeSource.objects.exists()


def test_file_is_read_once_and_not_while_it_is_being_read(sources: Sources) -> None:
    headers = {"HTTP_IDEMPOTENCY_KEY": "once"}
    for _ in range(2):
        file = SimpleUploadedFile("guide.pdf", pdf(TEXT))
        body = {"file": file}
        response = sources.client.post(sources.list, body, format="multipart", **headers)  # type: ignore[arg-type]
        assert response.status_code == 201
    other = {"file": SimpleUploadedFile("guide.pdf", pdf(f"{TEXT} New."))}
    response = sources.client.post(sources.list, other, format="multipart", **headers)  # type: ignore[arg-type]
    assert response.status_code == 422
    assert send(sources, "guide.pdf", pdf(TEXT)).status_code == 409
    assert KnowledgeSource.objects.count() == 1
    run_due_jobs()
    # Only websites are read again by themselves.
    enqueue_due_syncs()
    assert KnowledgeSource.objects.get().status == "ready"


@pytest.mark.costly
def test_file_whose_job_was_lost_has_failed_and_can_be_read_again(sources: Sources) -> None:
    found = send(sources, "guide.txt", TEXT.encode()).json()
    sources.one = f"{sources.list}{found['id']}/"
    lose_due_jobs()
    found = sources.read()
    assert (found["status"], found["error"], found["next_sync_at"]) == ("failed", LOST, None)
    again = sources.client.post(f"{sources.one}sync/", {}, format="json").json()
    assert again["status"] == "waiting"
    lose_due_jobs()
    # The new sync has replaced the lost job: retrying that one would find no file any more.
    assert retry_job(job_id=Job.objects.get().id)
    run_due_jobs()
    found = sources.read()
    assert (found["status"], found["error"]) == ("ready", "")


@pytest.mark.costly
def test_edited_entry_is_left_alone_and_deleting_the_file_keeps_it(
    sources: Sources, api: Callable[..., APIClient], globex: Organization
) -> None:
    add(sources, "guide.pdf", pdf(TEXT, f"{TEXT} Two."))
    entry = KnowledgeEntry.objects.get(title="guide, page 1")
    save_entry(agent=sources.agent, entry_id=entry.id, data={"content": "Mine."})
    add(sources, "guide.pdf", pdf(f"{TEXT} Changed.", f"{TEXT} Two."))
    entry.refresh_from_db()
    assert entry.content == "Mine."
    # Other organizations see none of it.
    foreign = api(create_api_key(organization=globex, name="Other")[1])
    assert foreign.get(sources.one).status_code == 404
    file = SimpleUploadedFile("guide.pdf", pdf(TEXT))
    response = foreign.post(f"{sources.one}sync/", {"file": file}, format="multipart")
    assert response.status_code == 404
    assert sources.client.delete(sources.one).status_code == 204
    assert list(KnowledgeEntry.objects.values_list("content", flat=True)) == ["Mine."]
