"""Whatever is in a file, importing it costs seconds at most."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from loquent.agents.importing import sandbox as apart
from loquent.agents.importing.files import MAX_FILE_BYTES
from loquent.agents.models import TextAgent
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent

pytestmark = pytest.mark.exhaustive


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme, knowledge=[])


@pytest.fixture
def report(client: Client, alice: User, agent: TextAgent) -> Callable[[str, bytes], Any]:
    """`report("a.md", b"…")` uploads a file and gives the answer's JSON."""
    client.force_login(alice)
    page = f"/admin/agents/textagent/{agent.id}/knowledge/import/"

    def send(name: str, data: bytes) -> Any:
        response = client.post(page, {"file": SimpleUploadedFile(name, data)})
        assert response.status_code == 200
        assert len(response.content) < 50_000
        return response.json()

    return send


def full(unit: bytes) -> bytes:
    """A file of the largest size."""
    return unit * (MAX_FILE_BYTES // len(unit))


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("unit", [b"<a ", b"<!--", b"<![", b"</", b"<p>x"])
def test_endlessly_repeated_markup_is_read_in_bounded_time(
    report: Callable[[str, bytes], Any], unit: bytes
) -> None:
    told = report("page.html", full(unit))
    assert told["added"] or told["skipped"]


@pytest.mark.timeout(60)
def test_unclosed_markup_is_read(report: Callable[[str, bytes], Any]) -> None:
    assert report("page.html", b"<p>Before.</p>" + b"<a " * 100_000)["added"] == 1


@pytest.mark.timeout(60)
def test_file_that_takes_too_long_is_left_out(
    report: Callable[[str, bytes], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "SECONDS", 0.5)
    told = report("page.html", b"<ol>" + b"<li>x" * 190_000)
    skipped = [{"what": "page.html", "why": apart.TOO_LONG}]
    assert told == {"added": 0, "skipped": skipped, "more": 0, "encodings": []}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", [b" ", b"#", b"# ", b"\t#"])
def test_long_heading_is_read(report: Callable[[str, bytes], Any], unit: bytes) -> None:
    data = b"# a" + unit * (2_000_000 // len(unit)) + b"b\n\nText."
    told = report("spaces.md", data)
    assert apart.TOO_LONG not in str(told)


def test_files_are_read_sequentially(
    report: Callable[[str, bytes], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert apart._turns.acquire("others", timeout=0)
    try:
        monkeypatch.setattr(apart, "SECONDS", 0.1)
        assert report("a.txt", b"Nine to six.")["skipped"][0]["why"] == apart.BUSY
    finally:
        apart._turns.release()
    monkeypatch.undo()
    assert report("a.txt", b"Nine to six.")["added"] == 1


def test_crashed_reader_is_reported_and_had_no_secrets(
    report: Callable[[str, bytes], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen, reader = tmp_path / "seen", tmp_path / "python"
    reader.write_text(f"#!/bin/sh\nenv > {seen}\nexit 3\n")
    reader.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(reader))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert report("a.txt", b"Nine to six.")["skipped"] == [
        {"what": "a.txt", "why": apart.UNREADABLE}
    ]
    assert "sk-secret" not in seen.read_text()
