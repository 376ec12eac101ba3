"""A parser that a file has taken over reads no secret and reaches nobody."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from loquent.agents.importing.confinement import (
    NETWORK_SINCE,
    SCOPES_SINCE,
    landlock_version,
)
from loquent.agents.models import KnowledgeEntry
from loquent.organizations.models import Organization
from loquent.priority import ROOT
from loquent.testing.people import make_agent

VERSION = landlock_version()
pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(not VERSION, reason="This kernel has no Landlock."),
]
# Stands in for the package that converts web pages: it runs the page, and says what came of it.
TAKEN_OVER = """
class MarkdownConverter:
    def __init__(self, **options):
        pass

    def convert_soup(self, soup):
        try:
            return "done: " + str(eval(soup.get_text()))
        except Exception as error:
            return "failed: " + type(error).__name__
"""


@pytest.fixture
def run(
    client: Client,
    alice: User,
    acme: Organization,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], str]:
    """`run("1 + 1")` uploads a file whose parser does this; gives the entry that it made."""
    client.force_login(alice)
    agent = make_agent(acme, knowledge=[])
    (tmp_path / "markdownify.py").write_text(TAKEN_OVER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def upload(code: str) -> str:
        page = f"/admin/agents/textagent/{agent.id}/knowledge/import/"
        file = SimpleUploadedFile("a.html", f"<p>{code}</p>".encode())
        report = client.post(page, {"file": file}).json()
        assert report["added"] == 1, report
        return KnowledgeEntry.objects.get(agent=agent).content

    return upload


def test_sandbox_runs_the_injected_code(run: Callable[[str], str]) -> None:
    assert run("1 + 1") == "done: 2"


def test_sandbox_can_load_codecs(run: Callable[[str], str]) -> None:
    assert run("__import__('codecs').lookup('shift_jis').name") == "done: shift_jis"


@pytest.mark.parametrize("what", ["secret", "environment", "user", "source", "list"])
def test_sandbox_cannot_read_files(run: Callable[[str], str], tmp_path: Path, what: str) -> None:
    (tmp_path / "secret-key").write_text("secret")
    code = {
        "secret": f"open('{tmp_path / 'secret-key'}').read()",
        "environment": f"open('/proc/{os.getpid()}/environ').read()",
        "user": "open('/etc/passwd').read()",
        "source": f"open('{ROOT / 'manage.py'}').read()",
        "list": "__import__('os').listdir('/')",
    }
    assert run(code[what]) == "failed: PermissionError"


def test_sandbox_cannot_write_files(run: Callable[[str], str], tmp_path: Path) -> None:
    assert run(f"open('{tmp_path / 'new'}', 'w').write('x')") == "failed: PermissionError"
    assert not (tmp_path / "new").exists()


def test_sandbox_cannot_start_programs(run: Callable[[str], str]) -> None:
    code = "__import__('subprocess').run(['/bin/sh', '-c', 'id'])"
    assert run(code) == "failed: PermissionError"


@pytest.mark.skipif(NETWORK_SINCE > VERSION, reason="This kernel is too old for it.")
def test_sandbox_cannot_open_connections(run: Callable[[str], str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"__import__('socket').create_connection(('127.0.0.1', {port}))"
        assert run(code) == "failed: PermissionError"


@pytest.mark.skipif(SCOPES_SINCE > VERSION, reason="This kernel is too old for it.")
def test_sandbox_cannot_signal_the_server(run: Callable[[str], str]) -> None:
    assert run(f"__import__('os').kill({os.getpid()}, 0)") == "failed: PermissionError"
