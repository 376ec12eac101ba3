"""On SQLite, the server runs the jobs itself; otherwise it doesn't need a worker to be ready."""

import time
from collections.abc import Callable
from urllib.request import urlopen

import pytest
from django.contrib.auth.models import User
from django.db import connection

from loquent.jobs.models import Job
from loquent.mailing.models import MailState, OutgoingMail
from loquent.mailing.tasks import send_mail
from loquent.testing.process_fixtures import StartServer
from loquent.testing.smtp import MailServer
from loquent.testing.waiting import WAIT_SECONDS

pytestmark = pytest.mark.server


def until(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_server_runs_jobs_which_survive_a_crash(
    live_server_process: StartServer, alice: User
) -> None:
    with MailServer() as server:
        server.hold.set()
        process = live_server_process(EMAIL_URL=server.url, JOBS_IN_SERVER="1")
        send_mail(letter="password-reset", to="alice@example.com")
        until(lambda: len(server.held) == 1)
        process.kill()
        server.hold.clear()
        process.start_again()
        process.wait_until_ready()
        until(lambda: len(server.mails) == 1)
        until(lambda: OutgoingMail.objects.get().state == MailState.SENT)
        assert "Traceback" not in process.log()


def test_server_with_jobs_disabled_is_ready_without_a_worker(
    live_server_process: StartServer, alice: User
) -> None:
    process = live_server_process(JOBS_IN_SERVER="0")
    send_mail(letter="password-reset", to="alice@example.com")
    with urlopen(f"{process.url}/readyz", timeout=10) as response:  # noqa: S310 - our own server
        assert response.status == 200
    process.terminate()
    assert Job.objects.get().attempts == 0


def test_server_runs_jobs_by_default_only_on_sqlite(live_server_process: StartServer) -> None:
    process = live_server_process()
    is_sqlite = connection.vendor == "sqlite"
    if is_sqlite:
        until(lambda: Job.objects.filter(kind="prune", state="done").exists())
    process.terminate()
    assert Job.objects.exists() is is_sqlite
