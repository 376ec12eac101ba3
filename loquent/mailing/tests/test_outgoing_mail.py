"""Mail is sent after the commit, retried, and never stored with its text."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail, serializers
from django.db import transaction
from django.test import Client
from pytest_django.fixtures import Settings

from loquent.jobs.models import Job, JobState
from loquent.jobs.queue import LOST, retry_job
from loquent.mail import mail_settings
from loquent.mailing.models import MailState, OutgoingMail
from loquent.mailing.tasks import (
    ADDRESS_REFUSED,
    KEPT,
    REFUSED,
    RETRY_SECONDS,
    UNREACHABLE,
    deliver_mail,
    old_mail,
    send_mail,
)
from loquent.organizations.models import Organization, Role
from loquent.organizations.services.invitations import (
    invite,
    mail_invitation,
    renew_invitation,
    revoke_invitation,
)
from loquent.testing.clock import Time
from loquent.testing.jobs import lose_due_jobs, run_due_jobs
from loquent.testing.ports import free_port
from loquent.testing.smtp import MailServer


def use(settings: Settings, url: str) -> None:
    for name, value in mail_settings(url, debug=False).items():
        setattr(settings, name, value)


def ask_for_a_link(to: str = "alice@example.com") -> None:
    send_mail(letter="password-reset", to=to)


@pytest.mark.django_db(transaction=True)
def test_rollback_sends_no_mail(alice: User) -> None:
    with transaction.atomic():
        ask_for_a_link()
        transaction.set_rollback(True)
    assert run_due_jobs() == []
    assert not OutgoingMail.objects.exists()


def test_row_of_a_sent_mail_is_kept_without_its_text(alice: User) -> None:
    ask_for_a_link()
    run_due_jobs()
    row = OutgoingMail.objects.get()
    assert (row.state, row.attempts, row.error) == (MailState.SENT, 1, "")
    assert row.sent_at is not None
    assert mail.outbox[0].extra_headers["Auto-Submitted"] == "auto-generated"
    assert mail.outbox[0].extra_headers["Message-ID"] == f"<{row.id}.0@127.0.0.1>"
    # The job may run twice.
    deliver_mail.call(str(row.id))
    assert len(mail.outbox) == 1


def test_links_are_never_stored_in_the_database(alice: User, acme: Organization) -> None:
    invitation, token = invite(
        organization=acme, email="dora@example.com", role=Role.VIEWER, invited_by=alice
    )
    mail_invitation(invitation=invitation)
    ask_for_a_link()

    def stored() -> str:
        rows = [*OutgoingMail.objects.all(), *Job.objects.all()]
        return json.dumps(serializers.serialize("json", rows))

    before = stored()
    run_due_jobs()
    secrets = [token, mail.outbox[1].body.split("/password-reset/")[1].split("/")[1]]
    assert token in mail.outbox[0].body
    for secret in secrets:
        assert secret not in before
        assert secret not in stored()


def test_mail_to_an_unknown_address_leaves_no_row(db: None) -> None:
    ask_for_a_link("nobody@example.com")
    assert OutgoingMail.objects.count() == Job.objects.count() == 1
    run_due_jobs()
    assert (OutgoingMail.objects.count(), Job.objects.count(), mail.outbox) == (0, 0, [])


def test_reset_request_inserts_the_same_rows_for_every_address(
    client: Client, alice: User, settings: Settings
) -> None:
    settings.MAIL_IS_ON = True
    for email in ("alice@example.com", "nobody@example.com"):
        client.post("/admin/password-reset/", {"email": email})
    assert OutgoingMail.objects.count() == Job.objects.count() == 2


@pytest.mark.parametrize("change", ["withdrawn", "renewed"])
def test_invalid_invitation_is_not_mailed(alice: User, acme: Organization, change: str) -> None:
    invitation, _ = invite(
        organization=acme, email="dora@example.com", role=Role.VIEWER, invited_by=alice
    )
    mail_invitation(invitation=invitation)
    if change == "withdrawn":
        revoke_invitation(invitation=invitation)
        run_due_jobs()
        assert mail.outbox == []
    else:
        token = renew_invitation(invitation=invitation)
        run_due_jobs()
        assert token in mail.outbox[0].body


def test_mail_is_retried_after_a_mail_server_outage(
    alice: User, settings: Settings, clock: Time
) -> None:
    use(settings, f"smtp://127.0.0.1:{free_port()}")
    ask_for_a_link()
    for delay in RETRY_SECONDS[:2]:
        assert run_due_jobs() == ["mail"]
        row = OutgoingMail.objects.get()
        assert (row.state, row.error) == (MailState.WAITING, UNREACHABLE)
        clock.now += timedelta(seconds=delay - 1)
        assert run_due_jobs() == []
        clock.now += timedelta(seconds=1)
    with MailServer() as server:
        use(settings, server.url)
        run_due_jobs()
        [text] = server.mails
    assert "To: alice@example.com" in text
    assert OutgoingMail.objects.get().state == MailState.SENT


def test_reset_link_is_not_sent_after_an_hour(alice: User, settings: Settings, clock: Time) -> None:
    use(settings, f"smtp://127.0.0.1:{free_port()}")
    ask_for_a_link()
    for delay in RETRY_SECONDS[:4]:
        run_due_jobs()
        clock.now += timedelta(seconds=delay)
    run_due_jobs()
    row, job = OutgoingMail.objects.get(), Job.objects.get()
    assert (row.state, job.state) == (MailState.FAILED, JobState.FAILED)
    assert job.error == f"It could not be sent in time: {UNREACHABLE}"
    with MailServer() as server:
        use(settings, server.url)
        assert retry_job(job_id=job.id)
        run_due_jobs()
        assert len(server.mails) == 1
    assert OutgoingMail.objects.get().state == MailState.SENT


def test_mail_whose_job_was_lost_has_failed_and_can_be_retried(
    alice: User, settings: Settings
) -> None:
    with MailServer() as server:
        use(settings, server.url)
        ask_for_a_link()
        lose_due_jobs()
        row = OutgoingMail.objects.get()
        assert (row.state, row.error, server.mails) == (MailState.FAILED, LOST, [])
        assert retry_job(job_id=Job.objects.get().id)
        run_due_jobs()
        assert len(server.mails) == 1
    assert OutgoingMail.objects.get().state == MailState.SENT


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        ("550 no such user: alice@example.com", MailState.FAILED, REFUSED),
        ("451 try later", MailState.WAITING, REFUSED),
    ],
)
def test_permanent_refusal_is_not_retried(
    alice: User,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    answer: str,
    state: str,
    reason: str,
) -> None:
    with MailServer() as server:
        server.answer = answer
        use(settings, server.url)
        ask_for_a_link()
        run_due_jobs()
    row, job = OutgoingMail.objects.get(), Job.objects.get()
    assert (row.state, row.error, job.error) == (state, reason, reason)
    assert job.state == state
    assert "alice" not in caplog.text + reason + ADDRESS_REFUSED


def test_records_of_mail_are_kept_for_30_days(alice: User, clock: Time) -> None:
    ask_for_a_link()
    assert not old_mail(now=clock.now + KEPT).exists()
    assert old_mail(now=clock.now + KEPT + timedelta(seconds=1)).exists()
