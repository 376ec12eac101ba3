"""A member is mailed about a waiting visitor once, and a visitor about what persons answered."""

import itertools
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from contacts.models import Contact
from loquent.jobs.models import Job
from loquent.jobs.queue import retry_job
from loquent.mailing.models import OutgoingMail
from loquent.organizations.models import Membership, Organization, Role
from loquent.testing.jobs import lose_due_jobs, run_due_jobs
from loquent.testing.people import make_member, make_widget
from widgets.models import Notification, StoppedAddress, WidgetSession
from widgets.services.erasure import erase_contact
from widgets.services.handoff.timers import fire_due_timers
from widgets.services.handoff.visitor import (
    ask_agent,
    ask_person,
    note_seen,
    save_reply_email,
    visitor_wrote,
)
from widgets.services.history import append_message
from widgets.services.notify.queue import note_seen_by_staff
from widgets.services.notify.visitor import send_to_visitor
from widgets.services.retention import prune
from widgets.services.sessions import create_widget_session, resume_widget_session

Api = Callable[..., APIClient]
pytestmark = pytest.mark.django_db(transaction=True)


class Clock:
    """The time of the server, which a test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(tz=timezone.get_current_timezone()).replace(microsecond=0)

    def wait(self, **how: float) -> None:
        self.now += timedelta(**how)
        run_due_jobs()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    time = Clock()
    monkeypatch.setattr(timezone, "now", lambda: time.now)
    return time


@pytest.fixture
def ana(acme: Organization) -> User:
    return make_member(acme, "ana", Role.OPERATOR)


@pytest.fixture
def session(clock: Clock, acme: Organization, alice: User) -> WidgetSession:
    """A conversation with a question; alice@example.com owns the organization."""
    widget = make_widget(acme, handoff_enabled=True, name="Shop")
    session, _ = create_widget_session(widget=widget)
    say(session, "Where is my parcel?\nSubject: x")
    return session


def say(session: WidgetSession, text: str) -> None:
    session.refresh_from_db()
    append_message(session, role="user", content=text)


def recipients() -> list[str]:
    return [address for message in mail.outbox for address in message.to]


def act(api: Api, user: User, session: WidgetSession, action: str, **body: Any) -> Any:
    response = api(user).post(f"/api/v1/sessions/{session.id}/{action}/", body)
    assert response.status_code in {200, 201}, response.data
    return response


@pytest.mark.promise(22)
def test_owner_is_mailed_after_three_minutes_unseen(clock: Clock, session: WidgetSession) -> None:
    ask_person(session_id=session.id)
    clock.wait(seconds=175)
    assert mail.outbox == []
    clock.wait(seconds=10)
    assert recipients() == ["alice@example.com"]
    [message] = mail.outbox
    assert message.subject == "A visitor is waiting"
    assert "for 3 minutes in the chat Shop of Acme" in message.body
    assert "\n  Where is my parcel?\n  Subject: x\n" in message.body
    assert f"/admin/inbox/?c={session.id}" in message.body
    clock.wait(hours=3)
    assert len(mail.outbox) == 1


def claimed(api: Api, ana: User, session: WidgetSession) -> None:
    act(api, ana, session, "take-over")


def answered(api: Api, ana: User, session: WidgetSession) -> None:
    act(api, ana, session, "reply", content="It left.")


def resolved(api: Api, ana: User, session: WidgetSession) -> None:
    act(api, ana, session, "resolve")


def snoozed(api: Api, ana: User, session: WidgetSession) -> None:
    act(api, ana, session, "snooze", until="2099-01-01T00:00:00Z")


def withdrawn(api: Api, ana: User, session: WidgetSession) -> None:
    ask_agent(session_id=session.id, ip="127.0.0.1")


def seen(api: Api, ana: User, session: WidgetSession) -> None:
    note_seen_by_staff(session.id)


@pytest.mark.parametrize("event", [claimed, answered, resolved, snoozed, withdrawn, seen])
def test_nobody_is_mailed_about_what_is_settled(
    clock: Clock, session: WidgetSession, api: Api, ana: User, event: Callable[..., None]
) -> None:
    ask_person(session_id=session.id)
    clock.wait(seconds=60)
    event(api, ana, session)
    clock.wait(seconds=600)
    assert [message.subject for message in mail.outbox] == []
    assert [row.state for row in Notification.objects.all()] == ["void"]


def test_reason_is_checked_again_right_before_the_mail_is_written(
    clock: Clock, session: WidgetSession, api: Api, ana: User
) -> None:
    ask_person(session_id=session.id)
    clock.now += timedelta(seconds=200)
    row = Notification.objects.get()
    from widgets.services.notify.staff import send_to_staff

    send_to_staff(notification_id=row.id)
    assert OutgoingMail.objects.count() == 1
    answered(api, ana, session)
    run_due_jobs()
    assert mail.outbox == []
    assert OutgoingMail.objects.count() == 0


def test_assignee_is_mailed_about_their_visitor(
    clock: Clock, session: WidgetSession, api: Api, ana: User, alice: User
) -> None:
    answered(api, ana, session)
    clock.wait(seconds=60)
    say(session, "Are you sure?")
    visitor_wrote(session_id=session.id, now=clock.now)
    clock.wait(seconds=185)
    assert recipients() == ["ana@example.com"]
    mail.outbox.clear()
    # A colleague who gets a conversation does not know yet; one who takes it does.
    answered(api, ana, session)
    say(session, "Hello?")
    member = Membership.objects.get(user=alice)
    act(api, ana, session, "assign", member=str(member.id))
    visitor_wrote(session_id=session.id, now=clock.now)
    clock.wait(seconds=185)
    assert recipients() == ["alice@example.com"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ["alice@example.com"]),
        ({"seen_at": timedelta(seconds=-30)}, ["ana@example.com"]),
        ({"seen_at": timedelta(minutes=-5)}, ["alice@example.com"]),
        ({"seen_at": timedelta(seconds=-30), "wants_mail": False}, ["alice@example.com"]),
        ({"seen_at": timedelta(seconds=-30), "is_away": True}, ["alice@example.com"]),
    ],
)
def test_one_person_is_chosen(
    clock: Clock,
    session: WidgetSession,
    ana: User,
    change: dict[str, Any],
    expected: list[str],
) -> None:
    ask_person(session_id=session.id)
    clock.now += timedelta(seconds=185)
    if "seen_at" in change:
        change = {**change, "seen_at": clock.now + change["seen_at"]}
    Membership.objects.filter(user=ana).update(**change)
    run_due_jobs()
    assert recipients() == expected


def test_another_member_is_reminded_if_no_one_claims(
    clock: Clock, session: WidgetSession, ana: User
) -> None:
    ask_person(session_id=session.id)
    for _ in range(60):
        clock.wait(seconds=15)
        fire_due_timers()
    # One mail after three minutes, one after ten; no one gets two.
    assert recipients() == ["alice@example.com", "ana@example.com"]


def test_nobody_is_mailed_if_nobody_wants_mail(
    clock: Clock, session: WidgetSession, settings: Settings
) -> None:
    Membership.objects.update(wants_mail=False)
    ask_person(session_id=session.id)
    clock.wait(seconds=600)
    assert mail.outbox == []


def test_preferences_are_saved_and_tested(client: Client, alice: User, clock: Clock) -> None:
    client.force_login(alice)
    page = client.get("/admin/notifications/")
    assert page.status_code == 200
    assert "checked" in page.content.decode()
    client.post("/admin/notifications/", {"save": "Save"})
    assert not Membership.objects.get(user=alice).wants_mail
    client.post("/admin/notifications/", {"wants_mail": "on", "save": "Save"})
    assert Membership.objects.get(user=alice).wants_mail
    client.post("/admin/notifications/", {"test_mail": "Send a test email"})
    run_due_jobs()
    assert recipients() == ["alice@example.com"]
    assert mail.outbox[0].subject == "Test of your notifications"


# --- visitors ---


@pytest.fixture
def left(session: WidgetSession) -> WidgetSession:
    """The visitor left an address."""
    WidgetSession.objects.filter(id=session.id).update(
        reply_email="jane@example.com", language="de"
    )
    session.refresh_from_db()
    return session


def visitors_mail() -> Any:
    [message] = [message for message in mail.outbox if message.to == ["jane@example.com"]]
    return message


def test_visitor_is_mailed_what_persons_wrote_grouped(
    clock: Clock, left: WidgetSession, api: Api, ana: User
) -> None:
    act(api, ana, left, "reply", content="It left.\nYesterday.")
    act(api, ana, left, "notes", content="Secret note.")
    clock.wait(minutes=4)
    act(api, ana, left, "reply", content="It arrives tomorrow.")
    clock.wait(seconds=61)
    # The person may be writing more: two quiet minutes first.
    assert mail.outbox == []
    clock.wait(seconds=60)
    message = visitors_mail()
    assert message.subject == "Shop hat Ihnen geantwortet"
    assert message.from_email.startswith("Shop <")
    assert "ana:\n  It left.\n  Yesterday.\n\nana:\n  It arrives tomorrow." in message.body
    assert "parcel" not in message.body
    assert "Secret" not in message.body
    headers = message.extra_headers
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("sign", ["seen", "wrote", "no address", "stopped", "ended"])
def test_visitor_who_knows_or_wants_nothing_is_not_mailed(
    clock: Clock, left: WidgetSession, api: Api, ana: User, sign: str
) -> None:
    reply = act(api, ana, left, "reply", content="It left.")
    rows = WidgetSession.objects.filter(id=left.id)
    if sign == "seen":
        note_seen(session_id=left.id, seq=reply.data["seq"])
    elif sign == "wrote":
        say(left, "Thanks!")
    elif sign == "no address":
        rows.update(reply_email="")
    elif sign == "ended":
        rows.update(ended_at=clock.now)
    else:
        from loquent.tokens import token_digest

        digest = token_digest("jane@example.com")
        StoppedAddress.objects.create(organization=left.widget.organization, digest=digest)
    clock.wait(minutes=30)
    assert mail.outbox == []


def test_address_left_after_the_answer_is_written_to(
    clock: Clock, session: WidgetSession, api: Api, ana: User
) -> None:
    act(api, ana, session, "reply", content="It left.")
    clock.wait(hours=1)
    save_reply_email(session_id=session.id, email="jane@example.com")
    clock.wait(minutes=6)
    assert "It left." in visitors_mail().body


def test_nothing_automatic_mails_a_visitor(
    clock: Clock, left: WidgetSession, api: Api, ana: User
) -> None:
    ask_person(session_id=left.id)
    act(api, ana, left, "take-over")
    act(api, ana, left, "release")
    act(api, ana, left, "hand-back")
    clock.wait(hours=1)
    assert "jane@example.com" not in recipients()


@pytest.mark.costly
def test_mails_are_apart_and_at_most_three_without_a_sign_of_life(
    clock: Clock, left: WidgetSession, api: Api, ana: User
) -> None:
    sent: list[datetime] = []
    for number in range(6):
        act(api, ana, left, "reply", content=f"Line {number}")
        for _ in range(20):
            before = len(mail.outbox)
            clock.wait(minutes=1)
            sent += [clock.now] * (len(mail.outbox) - before)
    assert len(sent) == 3
    assert all(b - a >= timedelta(minutes=15) for a, b in itertools.pairwise(sent))
    say(left, "I am here")
    act(api, ana, left, "reply", content="Good")
    clock.wait(minutes=6)
    assert len(mail.outbox) == 4
    assert "Line" not in mail.outbox[-1].body


def link(kind: str) -> str:
    found = re.search(rf"http://127.0.0.1:8000(/chat/{kind}/\S+)", visitors_mail().body)
    assert found is not None
    return found[1]


def test_link_continues_the_conversation_once_for_seven_days(
    clock: Clock, left: WidgetSession, api: Api, ana: User, client: Client
) -> None:
    act(api, ana, left, "reply", content="It left.")
    clock.wait(minutes=6)
    address = link("continue")
    for _ in range(2):
        # Mail scanners open links: that changes nothing.
        page = client.get(address)
        assert page.status_code == 200
        assert "Chat öffnen" in page.content.decode()
        assert page["Cache-Control"] == "no-store"
        assert page["Referrer-Policy"] == "no-referrer"
    opened = client.post(address).content.decode()
    token = re.search(r'data-token="([^"]+)"', opened)
    assert token is not None
    session = resume_widget_session(widget=left.widget, token=token[1])
    assert session is not None
    assert session.id == left.id
    other = make_widget(left.widget.organization)
    assert resume_widget_session(widget=other, token=token[1]) is None
    assert client.post(address).status_code == 404
    assert client.get(address).status_code == 404
    assert client.get("/chat/continue/lqc_unknown").status_code == 404


def test_old_link_opens_nothing(
    clock: Clock, left: WidgetSession, api: Api, ana: User, client: Client
) -> None:
    act(api, ana, left, "reply", content="It left.")
    clock.wait(minutes=6)
    address = link("continue")
    clock.now += timedelta(days=7)
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404


def test_one_click_stops_the_mails(clock: Clock, left: WidgetSession, api: Api, ana: User) -> None:
    act(api, ana, left, "reply", content="It left.")
    clock.wait(minutes=6)
    address = link("stop")
    strict = Client(enforce_csrf_checks=True)
    assert strict.get(address).status_code == 200
    assert not StoppedAddress.objects.exists()
    for _ in range(2):
        done = strict.post(address, {"List-Unsubscribe": "One-Click"})
        assert "Sie bekommen diese E-Mails nicht mehr." in done.content.decode()
    act(api, ana, left, "reply", content="It arrived.")
    clock.wait(hours=1)
    assert len(mail.outbox) == 1
    assert strict.post("/chat/stop/nonsense").status_code == 404


def test_stop_link_stops_the_address_that_got_it(
    clock: Clock, left: WidgetSession, api: Api, ana: User, client: Client
) -> None:
    act(api, ana, left, "reply", content="It left.")
    clock.wait(minutes=6)
    address = link("stop")
    save_reply_email(session_id=left.id, email="joe@example.com")
    WidgetSession.objects.filter(id=left.id).delete()
    assert client.post(address).status_code == 200
    other, _ = create_widget_session(widget=left.widget)
    save_reply_email(session_id=other.id, email="joe@example.com")
    act(api, ana, other, "reply", content="Hello Joe.")
    clock.wait(minutes=6)
    save_reply_email(session_id=other.id, email="jane@example.com")
    act(api, ana, other, "reply", content="Hello Jane.")
    clock.wait(minutes=30)
    assert recipients() == ["jane@example.com", "joe@example.com"]


def test_wrong_address_opens_and_gets_nothing_once_it_is_corrected(
    clock: Clock, left: WidgetSession, api: Api, ana: User, client: Client
) -> None:
    act(api, ana, left, "reply", content="It left.")
    clock.wait(minutes=6)
    address = link("continue")
    save_reply_email(session_id=left.id, email="jane@example.com")
    assert client.get(address).status_code == 200
    # A second mail is on its way when the visitor corrects the address.
    act(api, ana, left, "reply", content="It arrived.")
    [row] = Notification.objects.filter(session=left, channel="visitor", state="waiting")
    clock.now += timedelta(minutes=30)
    send_to_visitor(notification_id=row.id)
    save_reply_email(session_id=left.id, email="jane.doe@example.com")
    run_due_jobs()
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404
    assert recipients() == ["jane@example.com"]
    assert not OutgoingMail.objects.filter(state="waiting").exists()


def test_foreign_page_cannot_open_its_conversation_in_this_browser(
    clock: Clock, left: WidgetSession, api: Api, ana: User, client: Client
) -> None:
    act(api, ana, left, "reply", content="It left.")
    clock.wait(minutes=6)
    address = link("continue")
    for site in ("cross-site", "same-site", "none"):
        page = client.post(address, headers={"Sec-Fetch-Site": site}).content.decode()
        assert "data-token" not in page, site
        assert "Chat öffnen" in page, site
    opened = client.post(address, headers={"Sec-Fetch-Site": "same-origin"})
    assert "data-token" in opened.content.decode()


@pytest.mark.parametrize("how", ["erased", "deleted", "old"])
def test_address_goes_with_the_conversation(
    clock: Clock, left: WidgetSession, api: Api, ana: User, alice: User, how: str
) -> None:
    act(api, ana, left, "reply", content="It left.")
    clock.wait(minutes=6)
    assert OutgoingMail.objects.filter(recipient="jane@example.com").exists()
    if how == "erased":
        contact = Contact.objects.create(
            organization=left.widget.organization, email="jane@example.com"
        )
        erase_contact(contact_id=contact.id, requested_by="alice")
    elif how == "deleted":
        assert api(alice).delete(f"/api/v1/sessions/{left.id}/").status_code == 204
    else:
        Organization.objects.update(retention_days=10)
        prune(now=clock.now + timedelta(days=11), batch=10, progress=lambda count: None)
    assert not OutgoingMail.objects.filter(recipient="jane@example.com").exists()


def test_notification_whose_job_was_lost_does_not_prevent_the_next_one(
    clock: Clock, session: WidgetSession, api: Api, ana: User
) -> None:
    save_reply_email(session_id=session.id, email="jane@example.com")
    act(api, ana, session, "take-over")
    act(api, ana, session, "reply", content="It left.")
    clock.now += timedelta(minutes=10)
    lose_due_jobs()
    lost = Job.objects.get(state="failed")
    assert [row.state for row in Notification.objects.all()] == ["void"]
    act(api, ana, session, "reply", content="On Monday.")
    # The next one waits, and has both answers.
    assert retry_job(job_id=lost.id)
    clock.wait(minutes=10)
    [message] = mail.outbox
    assert "It left." in message.body
    assert "On Monday." in message.body
    assert not Job.objects.exists()


def test_notification_whose_job_is_retried_is_sent_if_it_still_matters(
    clock: Clock, session: WidgetSession
) -> None:
    ask_person(session_id=session.id)
    clock.now += timedelta(minutes=10)
    lose_due_jobs()
    for job in Job.objects.filter(state="failed"):
        assert retry_job(job_id=job.id)
    run_due_jobs()
    assert recipients() == ["alice@example.com"]
