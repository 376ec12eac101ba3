"""Owners see the failed jobs of their organization and retry them; superusers the server's too."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from loquent.jobs.models import Job, JobState
from loquent.jobs.queue import DELETED
from loquent.mailing.models import OutgoingMail
from loquent.organizations.models import Organization, Role
from loquent.testing.people import make_member

LIST = "/admin/jobs/job/"
REASON = "The mail server can't be reached."


def make_job(organization: Organization | None, **values: Any) -> Job:
    mail = OutgoingMail.objects.create(
        letter="invitation", recipient="dora@example.com", organization=organization
    )
    given = {"state": JobState.FAILED, "error": REASON, "attempts": 7, **values}
    return Job.objects.create(
        kind="mail",
        group="mail",
        args=[str(mail.id)],
        organization=organization,
        run_at=timezone.now(),
        **given,
    )


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", password="x")


def test_owner_sees_failed_jobs_with_their_reasons(acme: Organization, alice: User) -> None:
    make_job(acme)
    text = client_of(alice).get(LIST).content.decode()
    assert "Send an email: Invitation to dora@example.com" in text
    assert "The mail server can&#x27;t be reached." in text
    assert ">failed<" in text


def test_job_list_query_count_is_constant(acme: Organization, alice: User) -> None:
    client = client_of(alice)
    make_job(acme)
    # The first request reads what later ones remember.
    client.get(LIST)
    with CaptureQueriesContext(connection) as one:
        client.get(LIST)
    for _ in range(10):
        make_job(acme)
    with CaptureQueriesContext(connection) as many:
        client.get(LIST)
    assert len(many) == len(one)


def test_retry_runs_a_failed_job_now(acme: Organization, alice: User) -> None:
    job = make_job(acme)
    client = client_of(alice)
    page = client.get(f"{LIST}{job.id}/change/").content.decode()
    assert f'action="{LIST}{job.id}/retry/"' in page
    response = client.post(f"{LIST}{job.id}/retry/", follow=True)
    assert "The job will run again now." in response.content.decode()
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.WAITING, 0)
    assert job.run_at <= timezone.now()


def test_retry_action_runs_the_selected_jobs(acme: Organization, alice: User) -> None:
    jobs = [make_job(acme), make_job(acme)]
    data = {"action": "retry_selected", "_selected_action": [str(job.id) for job in jobs]}
    response = client_of(alice).post(LIST, data, follow=True)
    assert "2 jobs will run again now." in response.content.decode()
    assert not Job.objects.exclude(state=JobState.WAITING).exists()


def test_running_job_is_not_retried(acme: Organization, alice: User) -> None:
    job = make_job(acme, state=JobState.RUNNING, owner=acme.id, lease_until=timezone.now())
    client = client_of(alice)
    assert "/retry/" not in client.get(f"{LIST}{job.id}/change/").content.decode()
    text = client.post(f"{LIST}{job.id}/retry/", follow=True).content.decode()
    assert "The job is running or done." in text
    job.refresh_from_db()
    assert job.state == JobState.RUNNING


@pytest.mark.parametrize("who", [Role.VIEWER, Role.ADMIN, "owner of another organization"])
def test_other_members_cannot_see_or_retry_a_job(
    acme: Organization, charlie: User, who: str
) -> None:
    job = make_job(acme)
    user = make_member(acme, "person", Role(who)) if who in Role.values else charlie
    client = client_of(user)
    assert REASON[:10] not in client.get(LIST, follow=True).content.decode()
    assert client.post(f"{LIST}{job.id}/retry/").status_code in {403, 404}
    data = {"action": "retry_selected", "_selected_action": [str(job.id)]}
    client.post(LIST, data)
    job.refresh_from_db()
    assert job.state == JobState.FAILED


def test_only_superusers_see_jobs_of_the_server(
    acme: Organization, alice: User, root: User
) -> None:
    job = make_job(None)
    owner, superuser = client_of(alice), client_of(root)
    assert "dora" not in owner.get(LIST).content.decode()
    for page in ("change", "delete", "history"):
        assert "dora" not in owner.get(f"{LIST}{job.id}/{page}/", follow=True).content.decode()
    assert owner.post(f"{LIST}{job.id}/retry/").status_code == 404
    assert "dora" in superuser.get(LIST).content.decode()
    superuser.post("/admin/switch-organization/", {"organization": str(acme.id)})
    assert "dora" in superuser.get(LIST).content.decode()
    superuser.post(f"{LIST}{job.id}/retry/")
    job.refresh_from_db()
    assert job.state == JobState.WAITING


@pytest.mark.parametrize("door", ["page", "list"])
def test_mail_of_a_deleted_job_says_that_it_is_not_sent(
    acme: Organization, alice: User, door: str
) -> None:
    job = make_job(acme, state=JobState.WAITING)
    client = client_of(alice)
    if door == "page":
        client.post(f"{LIST}{job.id}/delete/", {"post": "yes"})
    else:
        chosen = {"action": "delete_selected", "_selected_action": [str(job.id)], "post": "yes"}
        client.post(LIST, chosen)
    assert not Job.objects.exists()
    mail = OutgoingMail.objects.get()
    assert (mail.state, mail.error) == ("failed", DELETED)


def test_deleting_a_failed_job_keeps_the_reason(acme: Organization, alice: User) -> None:
    job = make_job(acme)
    OutgoingMail.objects.update(state="failed", error=REASON)
    client_of(alice).post(f"{LIST}{job.id}/delete/", {"post": "yes"})
    assert not Job.objects.exists()
    assert OutgoingMail.objects.get().error == REASON
