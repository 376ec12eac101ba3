"""Whatever one organization imports, another one's file waits for one of its files at most."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from loquent.agents.importing import sandbox as apart
from loquent.agents.models import TextAgent
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from loquent.testing.waiting import WAIT_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)
Import = Callable[[str, str], Future[Any]]


class HeldReader:
    """Stands in for the other process: each file is read when the test says so."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._changed = threading.Condition()
        self._finished = 0

    def call(self, _: str, request: bytes, **__: Any) -> tuple[int, bytes]:
        name = json.loads(request.partition(b"\n")[0])[0]
        with self._changed:
            self.begun.append(name)
            number = len(self.begun)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._finished >= number, WAIT_SECONDS)
        drafts = [{"title": name, "content": name, "url": ""}]
        reading = {"drafts": drafts, "skipped": [], "choices": [], "more": 0}
        return 0, json.dumps(reading).encode()

    def until(self, count: int) -> None:
        """Wait until so many files were begun."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.begun) >= count, WAIT_SECONDS)

    def finish(self) -> None:
        """Let the file that is being read be whole."""
        with self._changed:
            self._finished += 1
            self._changed.notify_all()


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> HeldReader:
    reader = HeldReader()
    monkeypatch.setattr(apart, "_call", reader.call)
    return reader


@pytest.fixture
def send(acme: Organization, globex: Organization, alice: User, charlie: User) -> Iterator[Import]:
    """`send("alice", "a.txt")` uploads a file as the browser does, in a thread of its own."""
    agents: dict[str, tuple[User, TextAgent]] = {
        "alice": (alice, make_agent(acme, knowledge=[])),
        "charlie": (charlie, make_agent(globex, knowledge=[])),
    }

    def upload(who: str, name: str) -> Any:
        user, agent = agents[who]
        client = Client()
        try:
            client.force_login(user)
            page = f"/admin/agents/textagent/{agent.id}/knowledge/import/"
            return client.post(page, {"file": SimpleUploadedFile(name, b"x")}).json()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        yield lambda who, name: threads.submit(upload, who, name)


def wait_until_waiting(count: int) -> None:
    """Until so many requests wait for their turn; nothing tells when they do."""
    deadline = time.monotonic() + WAIT_SECONDS
    while sum(map(len, apart._turns._places.values())) != count:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_imports_of_organizations_alternate(reader: HeldReader, send: Import) -> None:
    sent = [send("alice", "a1.txt")]
    reader.until(1)
    for name in ("a2.txt", "a3.txt"):
        sent.append(send("alice", name))
        wait_until_waiting(len(sent) - 1)
    # All that waits before it is Acme's.
    sent.append(send("charlie", "c1.txt"))
    wait_until_waiting(3)
    for count in range(1, 5):
        reader.until(count)
        reader.finish()
    assert reader.begun == ["a1.txt", "c1.txt", "a2.txt", "a3.txt"]
    assert [answer.result()["added"] for answer in sent] == [1] * 4


def test_further_imports_of_an_organization_are_refused_immediately(
    reader: HeldReader, send: Import
) -> None:
    sent = [send("alice", "a1.txt")]
    reader.until(1)
    for number in range(apart.WAITING):
        sent.append(send("alice", f"w{number}.txt"))
        wait_until_waiting(number + 1)
    refused = send("alice", "late.txt").result(WAIT_SECONDS)
    assert refused["skipped"] == [{"what": "late.txt", "why": apart.BUSY}]
    assert "try again" in apart.BUSY
    sent.append(send("charlie", "c1.txt"))
    wait_until_waiting(apart.WAITING + 1)
    for count in range(1, len(sent) + 1):
        reader.until(count)
        reader.finish()
    assert [answer.result()["added"] for answer in sent] == [1] * len(sent)


def test_wait_is_bounded_and_releases_its_slot(
    reader: HeldReader, send: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = send("alice", "a1.txt")
    reader.until(1)
    with monkeypatch.context() as impatient:
        impatient.setattr(apart, "SECONDS", 0.05)
        late = send("charlie", "c1.txt").result(WAIT_SECONDS)
    assert late["skipped"] == [{"what": "c1.txt", "why": apart.BUSY}]
    assert not apart._turns._places
    reader.finish()
    assert first.result(WAIT_SECONDS)["added"] == 1
    again = send("charlie", "c2.txt")
    reader.until(2)
    reader.finish()
    assert again.result(WAIT_SECONDS)["added"] == 1
