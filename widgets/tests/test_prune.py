"""`manage.py prune`: what is over goes, and nothing else."""

import io
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from contacts.models import Contact
from loquent.agents.models import DailyTokenUsage, PassageVector
from loquent.agents.search.vectors import vector_key
from loquent.agents.services.entries import delete_entry
from loquent.limits import Limits
from loquent.organizations.models import Invitation, Organization, Role
from loquent.organizations.services.invitations import invite
from loquent.organizations.staff_sessions import session_digest
from loquent.testing.people import make_agent, make_widget
from widgets.models import (
    ClosedQuestion,
    WidgetConfig,
    WidgetDailyUsage,
    WidgetMessage,
    WidgetSession,
    WidgetTurn,
)
from widgets.services import retention
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session, open_session, resume_widget_session
from widgets.types import Handshake, PageRequest


def run(*arguments: Any) -> str:
    output = io.StringIO()
    call_command("prune", *arguments, stdout=output)
    return output.getvalue().strip()


def make_session(
    widget: WidgetConfig, *, days: float, messages: int = 2, **columns: Any
) -> WidgetSession:
    """A conversation whose last activity is so many days ago."""
    session, _ = create_widget_session(widget=widget)
    for number in range(messages):
        append_message(session, role=("user", "assistant")[number % 2], content=f"{number}")
    last = timezone.now() - timedelta(days=days)
    WidgetSession.objects.filter(id=session.id).update(last_active_at=last, **columns)
    return session


def left() -> set[Any]:
    return set(WidgetSession.objects.values_list("id", flat=True))


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    Organization.objects.filter(id=acme.id).update(retention_days=90)
    return make_widget(acme)


def test_each_organization_has_its_own_retention(
    acme: Organization, globex: Organization, widget: WidgetConfig
) -> None:
    make_session(widget, days=90.1)
    make_session(widget, days=1_000, messages=1)
    kept = {make_session(widget, days=89.9).id}
    # Globex keeps all.
    kept.add(make_session(make_widget(globex), days=1_000).id)
    deleted = "Deleted 2 conversations with 3 messages, 0 empty sessions, 0 daily counts, "
    deleted += "0 answers of the REST API, 0 lines of the audit log, 0 invitations."
    assert run() == deleted
    assert left() == kept
    assert WidgetMessage.objects.count() == 4
    assert run().startswith("Deleted 0 conversations with 0 messages")


def test_a_dry_run_deletes_nothing(widget: WidgetConfig) -> None:
    make_session(widget, days=100)
    make_session(widget, days=100, messages=0)
    WidgetDailyUsage.objects.create(widget=widget, day="2001-01-01", messages=3)
    counts = "1 conversations with 2 messages, 1 empty sessions, 1 daily counts, "
    counts += "0 answers of the REST API, 0 lines of the audit log, 0 invitations."
    assert run("--dry-run") == f"Would delete {counts}"
    assert len(left()) == 2
    assert run() == f"Deleted {counts}"
    assert left() == set()


def test_empty_sessions_are_deleted_regardless_of_retention(globex: Organization) -> None:
    widget = make_widget(globex)
    make_session(widget, days=30.1, messages=0)
    kept = {
        make_session(widget, days=29.9, messages=0).id,
        # Somebody left details there.
        make_session(widget, days=300, messages=0, contact_claim={"name": "Jane"}).id,
        make_session(widget, days=300, messages=1).id,
    }
    assert "1 empty sessions" in run()
    assert left() == kept


def test_sessions_that_never_expire_are_kept(globex: Organization, settings: Settings) -> None:
    settings.LIMITS = Limits(session_days=0)
    make_session(make_widget(globex), days=1_000, messages=0)
    assert "0 empty sessions" in run()
    assert len(left()) == 1


def test_daily_counts_older_than_a_year_are_deleted(widget: WidgetConfig) -> None:
    today = timezone.now().date()
    for days in (0, 399, 401, 900):
        WidgetDailyUsage.objects.create(widget=widget, day=today - timedelta(days=days))
    DailyTokenUsage.objects.create(
        organization=widget.organization, day=today - timedelta(days=401)
    )
    assert "3 daily counts" in run("--batch", "1")
    ages = {(today - day).days for day in WidgetDailyUsage.objects.values_list("day", flat=True)}
    assert ages == {0, 399}


def test_expired_staff_sessions_are_deleted(alice: User, bob: User) -> None:
    browser = Client()
    browser.force_login(alice)
    for _ in range(3):
        Client().force_login(bob)
    key = browser.cookies["sessionid"].value
    kept = Session.objects.filter(session_key=session_digest(key))
    Session.objects.exclude(session_key__in=kept.values("pk")).update(expire_date=timezone.now())
    assert run("--dry-run").endswith(", 0 invitations, 3 staff sessions.")
    assert run("--batch", "2").endswith(", 0 invitations, 3 staff sessions.")
    assert Session.objects.get() == kept.get()
    assert browser.get("/admin/").status_code == 200
    assert run().endswith(", 0 invitations.")


def test_invitations_are_deleted_a_month_after_expiry(acme: Organization, alice: User) -> None:
    for name, days in (("fresh", -6), ("over", 29), ("long over", 31)):
        row, _ = invite(
            organization=acme, email=f"{days}@example.com", role=Role.VIEWER, invited_by=alice
        )
        over = timezone.now() - timedelta(days=days)
        Invitation.objects.filter(id=row.id).update(expires_at=over, email=name)
    assert "1 invitations" in run("--dry-run")
    assert "1 invitations" in run()
    assert set(Invitation.objects.values_list("email", flat=True)) == {"fresh", "over"}


def test_contacts_are_kept(widget: WidgetConfig, acme: Organization) -> None:
    jane = Contact.objects.create(organization=acme, name="Jane")
    make_session(widget, days=100, contact=jane)
    run()
    assert left() == set()
    assert Contact.objects.get() == jane


@pytest.mark.parametrize("state", ["waiting", "running"])
def test_conversation_with_a_turn_is_kept(widget: WidgetConfig, state: str) -> None:
    session = make_session(widget, days=100)
    question = session.messages.get(seq=1)
    WidgetTurn.objects.create(session=session, message=question, state=state)
    assert run().startswith("Deleted 0 conversations")
    assert left() == {session.id}


@pytest.mark.parametrize("batch", [1, 3, 10, 11])
def test_batches_cover_all_rows(widget: WidgetConfig, batch: int) -> None:
    for _ in range(10):
        make_session(widget, days=100)
    assert run("--batch", str(batch)).startswith("Deleted 10 conversations with 20 messages")


def test_each_batch_is_its_own_transaction(
    widget: WidgetConfig,
) -> None:
    """Stopped in the middle, what was deleted stays deleted, and the next run does the rest."""
    for _ in range(5):
        make_session(widget, days=100)
    seen: list[int] = []

    def stop_after_two(rows: int) -> None:
        seen.append(rows)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retention.prune(now=timezone.now(), batch=2, progress=stop_after_two)
    assert seen == [2, 2]
    assert len(left()) == 1
    assert run().startswith("Deleted 1 conversations")


def test_conversation_continued_during_pruning_is_kept(
    widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = [make_session(widget, days=100) for _ in range(3)]
    real = retention._delete_sessions

    def delete(rows: Any, ids: list[Any]) -> tuple[int, int]:
        """The visitor comes back after the batch was chosen and before it is deleted."""
        append_message(sessions[1], role="user", content="I am back")
        return real(rows, ids)

    monkeypatch.setattr(retention, "_delete_sessions", delete)
    assert run().startswith("Deleted 2 conversations with 4 messages")
    assert left() == {sessions[1].id}


@pytest.mark.server  # PostgreSQL is one: SQLite has one lock for all rows
def test_locked_conversation_is_skipped(transactional_db: None, widget: WidgetConfig) -> None:
    busy, quiet = make_session(widget, days=100), make_session(widget, days=100)
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            WidgetSession.objects.select_for_update().get(id=busy.id)
            locked.set()
            done.wait(20)
        connections.close_all()

    visitor = threading.Thread(target=hold)
    visitor.start()
    try:
        assert locked.wait(20)
        assert run().startswith("Deleted 1 conversations")
    finally:
        done.set()
        visitor.join()
    assert left() == {busy.id}
    assert quiet.id not in left()


def test_session_deleted_while_resuming_starts_a_new_one(
    widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, token = create_widget_session(widget=widget)

    def resume(**arguments: Any) -> WidgetSession | None:
        found = resume_widget_session(**arguments)
        WidgetSession.objects.filter(id=session.id).delete()
        return found

    monkeypatch.setattr("widgets.services.sessions.resume_widget_session", resume)
    request = PageRequest(widget_id=widget.widget_id, origins=[], fetch_site=b"")
    handshake = Handshake(request, token, last_seq=0, ip="x")
    opened = open_session(handshake=handshake)
    assert not opened.resumed
    assert left() == {opened.session_id}


def test_batch_size_must_be_positive() -> None:
    with pytest.raises(CommandError, match="--batch"):
        run("--batch", "0")


def test_vectors_stay_as_long_as_a_passage_needs_them(acme: Organization) -> None:
    agent = make_agent(acme)
    [first, second] = agent.knowledge.order_by("title")
    for entry in (first, second):
        for text in (entry.title, f"{entry.title}. {entry.content}"):
            PassageVector.objects.create(key=vector_key(text), data=b"x")
    assert "vectors" not in run()
    delete_entry(agent=agent, entry_id=second.id)
    assert run("--dry-run").endswith(", 2 vectors without a passage.")
    assert run().endswith(", 2 vectors without a passage.")
    kept = {bytes(key) for key in PassageVector.objects.values_list("key", flat=True)}
    assert kept == {
        vector_key(first.title),
        vector_key(f"{first.title}. {first.content}"),
    }


def test_closed_questions_go_after_a_month(acme: Organization) -> None:
    agent = make_agent(acme)
    rows = [ClosedQuestion.objects.create(agent=agent) for _ in range(2)]
    old = timezone.now() - timedelta(days=31)
    ClosedQuestion.objects.filter(id=rows[0].id).update(updated_at=old)
    assert run().endswith(", 1 closed questions.")
    assert ClosedQuestion.objects.get() == rows[1]
