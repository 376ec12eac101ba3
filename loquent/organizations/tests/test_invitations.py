"""Owners invite by a link: it works once, for a week, for one person, and is kept nowhere."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from contacts.tests.parallel import in_parallel
from loquent.errors import ApplicationError
from loquent.organizations.models import Invitation, Membership, Organization, Role
from loquent.organizations.services.invitations import (
    RATE,
    accept_as_new,
    accept_invitation,
    invite,
)
from loquent.telemetry.logs import redact
from loquent.testing.jobs import run_due_jobs
from loquent.testing.people import PASSWORD, make_member
from loquent.tokens import token_digest

LIST = "/admin/organizations/invitation/"
JOIN = "/admin/join/"
NEW = {"name": "Dora Explorer", "password": "correct horse battery"}
NEW["again"] = NEW["password"]


@pytest.fixture(autouse=True)
def _with_mail(settings: Settings) -> None:
    settings.MAIL_IS_ON = True


@pytest.fixture
def owner(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def ask(owner: Client, acme: Organization, email: str = "Dora@example.com", **data: str) -> Any:
    form = {"organization": str(acme.id), "email": email, "role": "admin", **data}
    return owner.post(f"{LIST}add/", form)


def link_in(page: Any) -> str:
    [link] = re.findall(
        r"http://127\.0\.0\.1:8000(/admin/join/lqi_[\w-]{43}/)", page.content.decode()
    )
    return str(link)


def invited(owner: Client, acme: Organization, email: str = "Dora@example.com") -> str:
    return link_in(ask(owner, acme, email))


def opened(link: str, user: User | None = None) -> Client:
    """A browser that followed a link."""
    browser = Client()
    if user:
        browser.force_login(user)
    browser.get(link)
    return browser


def test_new_user_chooses_a_name_and_a_password(owner: Client, acme: Organization) -> None:
    browser = opened(invited(owner, acme))
    page = browser.get(JOIN).content.decode()
    assert "Join Acme" in page
    assert "dora@example.com" in page
    response = browser.post(JOIN, NEW, follow=True)
    assert "You are now a member of Acme." in response.content.decode()
    dora = User.objects.get(username="dora@example.com")
    assert (dora.get_full_name(), dora.is_staff, dora.is_superuser) == (NEW["name"], True, False)
    assert dora.memberships.get().role == Role.ADMIN
    login = {"username": "dora@example.com", "password": NEW["password"]}
    assert Client().post("/admin/login/", login).status_code == 302
    assert Invitation.objects.count() == 0


def test_pasted_invisible_characters_are_not_stored(owner: Client, acme: Organization) -> None:
    browser = opened(invited(owner, acme, "\u200bDora@example.com\ufeff"))
    browser.post(JOIN, {**NEW, "name": "\u2068Dora Explorer\u2069"})
    dora = User.objects.get(username="dora@example.com")
    assert dora.get_full_name() == "Dora Explorer"


def test_existing_user_logs_in_and_accepts(
    owner: Client, acme: Organization, charlie: User
) -> None:
    browser = opened(invited(owner, acme, charlie.username))
    assert f"/admin/login/?next={JOIN}" in browser.get(JOIN).content.decode()
    login = {"username": charlie.username, "password": PASSWORD, "next": JOIN}
    assert browser.post("/admin/login/", login)["Location"] == JOIN
    assert "Join Acme" in browser.get(JOIN).content.decode()
    assert browser.post(JOIN).status_code == 302
    assert charlie.memberships.count() == 2
    assert browser.get(f"/admin/organizations/organization/{acme.id}/change/").status_code == 200


def test_invitation_is_for_one_person(owner: Client, acme: Organization, charlie: User) -> None:
    browser = opened(invited(owner, acme), charlie)
    assert "Log out" in browser.get(JOIN).content.decode()
    assert browser.post(JOIN, NEW).status_code == 200
    assert charlie.memberships.count() == 1
    assert Invitation.objects.count() == 1


def test_the_link_is_mailed_and_shown_once(
    owner: Client, acme: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    response = ask(owner, acme)
    link = link_in(response)
    assert "no-store" in response["Cache-Control"]
    run_due_jobs()
    [message] = mail.outbox
    assert message.to == ["dora@example.com"]
    assert link in message.body
    row = Invitation.objects.get()
    token = link.split("/")[-2]
    assert row.digest == token_digest(token)
    browser = opened(link)
    kept: list[Any] = [*Invitation.objects.values(), *LogEntry.objects.values()]
    kept += [session.get_decoded() for session in Session.objects.all()]
    for place in (str(kept), str(browser.cookies), caplog.text, str(owner.cookies)):
        assert token not in place
    for path in (LIST, f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/history/"):
        assert token not in owner.get(path).content.decode()
    assert token not in browser.get(JOIN).content.decode()
    assert token[4:] not in redact(f"Not Found: {link}")


@pytest.mark.parametrize("line_break", ["\n\n", "\r", "\x85", "\u2028"])
def test_organization_name_cannot_inject_email_lines(
    owner: Client, acme: Organization, line_break: str
) -> None:
    acme.name = f"Acme{line_break}https://evil.example/"
    acme.save()
    ask(owner, acme)
    run_due_jobs()
    [message] = mail.outbox
    assert (
        str(message.body)
        .splitlines()[0]
        .startswith("You have been invited to join Acme https://evil")
    )
    assert "evil" not in "".join(str(message.body).splitlines()[1:])


def test_link_is_only_shown_if_mail_is_not_configured(
    owner: Client, acme: Organization, settings: Settings
) -> None:
    settings.MAIL_IS_ON = False
    response = ask(owner, acme)
    assert link_in(response)
    assert "send email" in response.content.decode()
    run_due_jobs()
    assert mail.outbox == []


def test_demo_does_not_claim_that_it_has_emailed_the_link(
    owner: Client, acme: Organization, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    page = ask(owner, acme).content.decode()
    assert "the email with the link is printed where the server runs" in page
    assert "We have emailed" not in page


def test_invitation_works_once(owner: Client, acme: Organization) -> None:
    link = invited(owner, acme)
    first, second = opened(link), opened(link)
    first.post(JOIN, NEW)
    answer = second.post(JOIN, NEW)
    assert answer.status_code == 404
    assert "This invitation is no longer valid" in answer.content.decode()


def test_invitation_expires_after_a_week(owner: Client, acme: Organization) -> None:
    browser = opened(invited(owner, acme))
    row = Invitation.objects.get()
    assert timedelta(days=6.9) < row.expires_at - timezone.now() <= timedelta(days=7)
    Invitation.objects.update(expires_at=timezone.now())
    assert browser.post(JOIN, NEW).status_code == 404
    assert "no longer valid" in owner.get(LIST).content.decode()


def test_new_link_invalidates_the_old_one(owner: Client, acme: Organization) -> None:
    old = invited(owner, acme)
    row = Invitation.objects.get()
    new = link_in(owner.post(f"{LIST}{row.pk}/resend/"))
    assert opened(old).get(JOIN).status_code == 404
    assert opened(new).get(JOIN).status_code == 200
    run_due_jobs()
    assert len(mail.outbox) == 2


def test_browser_session_stores_only_a_valid_invitation(owner: Client, acme: Organization) -> None:
    visitor = Client()
    link, taken_back, too_old = (invited(owner, acme, f"{n}@example.com") for n in range(3))
    Invitation.objects.get(email="1@example.com").delete()
    Invitation.objects.filter(email="2@example.com").update(expires_at=timezone.now())
    before = Session.objects.count()
    made_up = [f"/admin/join/lqi_{number:043}/" for number in range(20)]
    for path in (*made_up, "/admin/join/ANYTHING/", taken_back, too_old):
        response = visitor.get(path)
        assert (response.status_code, response["Location"]) == (302, JOIN)
        assert "sessionid" not in visitor.cookies
        assert visitor.get(JOIN).status_code == 404
    assert Session.objects.count() == before
    assert visitor.get(link)["Location"] == JOIN
    assert Session.objects.count() == before + 1
    assert "0@example.com" in visitor.get(JOIN).content.decode()
    # A wrong link after a right one shows no other invitation than its own.
    visitor.get(taken_back)
    assert visitor.get(JOIN).status_code == 404


def test_withdrawn_invitation_is_invalid(owner: Client, acme: Organization) -> None:
    browser = opened(invited(owner, acme))
    row = Invitation.objects.get()
    assert owner.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert browser.post(JOIN, NEW).status_code == 404


def test_page_offers_login_and_account_creation_to_everyone(
    owner: Client, acme: Organization, charlie: User
) -> None:
    pages = [
        opened(invited(owner, acme, email)).get(JOIN).content.decode().replace(email, "…")
        for email in ("dora@example.com", charlie.username)
    ]
    assert len({re.sub(r'value="[\w]{64}"', "", page) for page in pages}) == 1


def test_existing_account_is_not_created_again(
    owner: Client, acme: Organization, charlie: User
) -> None:
    browser = opened(invited(owner, acme, charlie.username))
    response = browser.post(JOIN, NEW)
    assert "log in instead" in response.content.decode()
    assert NEW["name"] in response.content.decode()
    charlie.refresh_from_db()
    assert charlie.check_password(PASSWORD)
    assert charlie.memberships.count() == 1


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"password": "short", "again": "short"}, "password"),
        ({"password": "dora@example.com", "again": "dora@example.com"}, "password"),
        ({"again": "something else"}, "again"),
        ({"again": ""}, "again"),
    ],
    ids=str,
)
def test_invalid_form_keeps_the_invitation(
    owner: Client, acme: Organization, data: dict[str, str], field: str
) -> None:
    browser = opened(invited(owner, acme))
    response = browser.post(JOIN, {**NEW, **data})
    assert list(response.context["form"].errors) == [field]
    assert "Please correct the error below." in response.content.decode()
    assert not User.objects.filter(username="dora@example.com").exists()
    assert browser.post(JOIN, NEW).status_code == 302


@pytest.mark.parametrize(
    ("data", "field", "sentence"),
    [
        ({"email": "nobody"}, "email", "valid email"),
        ({"email": "x" * 140 + "@example.com"}, "email", "150"),
        ({"email": "ALICE@example.com"}, "email", "already a member"),
        ({"email": "eve@example.com"}, "email", "already been invited"),
        ({"role": "king"}, "role", "valid choice"),
        ({"organization": "x"}, "organization", "valid"),
    ],
    ids=str,
)
def test_invalid_invitation_is_refused(
    owner: Client, acme: Organization, data: dict[str, str], field: str, sentence: str
) -> None:
    ask(owner, acme, "eve@example.com")
    response = ask(owner, acme, **data)
    errors = response.context["adminform"].form.errors
    assert list(errors) == [field]
    assert sentence in errors[field][0]
    assert Invitation.objects.count() == 1


def test_only_owners_can_invite(
    owner: Client, alice: User, bob: User, acme: Organization, globex: Organization, charlie: User
) -> None:
    row, _ = invite(organization=acme, email="x@example.com", role=Role.OWNER, invited_by=alice)
    assert ask(owner, globex).status_code == 200
    for user, role in ((bob, "viewer"), (bob, "admin"), (charlie, None)):
        if role:
            Membership.objects.filter(user=user).update(role=role)
        browser = Client()
        browser.force_login(user)
        assert ask(browser, acme).status_code in {200, 403}
        assert browser.post(f"{LIST}{row.pk}/resend/").status_code in {403, 404}
        browser.post(f"{LIST}{row.pk}/delete/", {"post": "yes"})
    assert list(Invitation.objects.all()) == [row]
    assert Invitation.objects.get().digest == row.digest


def test_existing_member_keeps_the_role(alice: User, acme: Organization) -> None:
    _, token = invite(organization=acme, email="x@example.com", role=Role.VIEWER, invited_by=alice)
    member = make_member(acme, "x", Role.OWNER)
    made = accept_invitation(digest=token_digest(token), user=member)
    assert made.role == Role.OWNER
    assert Invitation.objects.count() == 0


@pytest.mark.costly
def test_too_many_invitations_are_refused(owner: Client, acme: Organization) -> None:
    for number in range(RATE.burst):
        assert link_in(ask(owner, acme, f"{number}@example.com"))
    errors = ask(owner, acme, "one-more@example.com").context["adminform"].form.errors
    assert "Try again later" in errors["email"][0]


@pytest.mark.django_db(transaction=True)
def test_concurrent_acceptances_create_one_account(alice: User, acme: Organization) -> None:
    _, token = invite(organization=acme, email="x@example.com", role=Role.VIEWER, invited_by=alice)

    def accept(number: int) -> None:
        password = f"{NEW['password']} {number}"
        accept_as_new(digest=token_digest(token), name="X", password=password)

    outcomes = in_parallel(accept, list(range(6)))
    assert outcomes.count(None) == 1
    assert all(isinstance(error, ApplicationError) for error in outcomes if error)
    assert Membership.objects.filter(user__username="x@example.com").count() == 1
