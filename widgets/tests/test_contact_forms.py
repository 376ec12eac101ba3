"""What a visitor's form may hold, by the widget's mode and fields."""

from typing import Any

import pytest

from contacts.models import Contact
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import WidgetSession
from widgets.services.contact_resolution import submit_contact_info
from widgets.services.sessions import create_widget_session, replace_session

NAME, EMAIL, PHONE = "Jane", "jane@example.com", "+41446681800"
ALL = {"collect_name": True, "collect_email": True, "collect_phone": True}


def make_session(organization: Organization, mode: str, **data: Any) -> WidgetSession:
    widget = make_widget(organization, contact_info_mode=mode, **data)
    return create_widget_session(widget=widget)[0]


def submit(session: WidgetSession, **typed: str | None) -> WidgetSession:
    form: dict[str, str | None] = {"name": None, "email": None, "phone": None}
    submit_contact_info(session_id=session.id, **(form | typed))
    session.refresh_from_db()
    return session


def refusal(session: WidgetSession, **typed: str | None) -> ApplicationError:
    """The error; nothing is kept."""
    with pytest.raises(ApplicationError) as caught:
        submit(session, **typed)
    session.refresh_from_db()
    assert (session.contact, session.contact_claim) == (None, None)
    assert Contact.objects.count() == 0
    return caught.value


def test_mode_none_refuses_every_form(acme: Organization) -> None:
    session = make_session(acme, "none", **ALL)
    for typed in ({"name": NAME, "email": EMAIL, "phone": PHONE}, {"email": "x"}, {}):
        assert refusal(session, **typed).code is ErrorCode.CONTACT_INFO_NOT_COLLECTED


def test_required_needs_every_collected_field(acme: Organization) -> None:
    session = make_session(acme, "required", collect_name=True, collect_email=True)
    for typed, missing in (
        ({}, {"name", "email"}),
        ({"name": NAME}, {"email"}),
        ({"name": " ", "email": EMAIL}, {"name"}),
        ({"name": "\x00", "email": EMAIL}, {"name"}),
        ({"name": NAME, "email": "", "phone": PHONE}, {"email"}),
        ({"phone": PHONE}, {"name", "email"}),
    ):
        error = refusal(session, **typed)
        assert error.code is ErrorCode.CONTACT_INFO_INVALID
        assert error.fields.keys() == missing
        assert all(name.capitalize() in error.message for name in missing)
    assert submit(session, name=NAME, email=EMAIL).contact is not None


def test_optional_form_accepts_any_collected_field(acme: Organization) -> None:
    for typed in ({"name": NAME}, {"email": EMAIL}, {"phone": PHONE}):
        session = submit(make_session(acme, "optional", **ALL), **typed)
        assert session.contact_claim == typed
        assert session.contact is not None
        details = {name: getattr(session.contact, name) for name in typed}
        assert details == typed


def test_optional_form_needs_at_least_one_field(acme: Organization) -> None:
    session = make_session(acme, "optional", **ALL)
    for typed in ({}, {"name": "", "email": " "}, {"name": None}):
        assert refusal(session, **typed).code is ErrorCode.CONTACT_INFO_INVALID


def test_optional_form_with_only_uncollected_fields_is_refused(acme: Organization) -> None:
    session = make_session(acme, "optional", collect_email=True)
    for typed in ({"phone": PHONE}, {"name": NAME, "phone": "nonsense"}):
        assert refusal(session, **typed).code is ErrorCode.CONTACT_INFO_NOT_COLLECTED


@pytest.mark.parametrize("mode", ["optional", "required"])
def test_uncollected_fields_do_not_count(acme: Organization, mode: str) -> None:
    known = Contact.objects.create(organization=acme, phone=PHONE)
    session = submit(
        make_session(acme, mode, collect_email=True), name=NAME, email=EMAIL, phone=PHONE
    )
    assert session.contact_claim == {"email": EMAIL}
    assert session.contact is not None
    assert session.contact != known
    assert (session.contact.name, session.contact.phone) == ("", None)


@pytest.mark.parametrize("mode", ["optional", "required"])
@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({"email": "jane"}, {"email"}),
        ({"phone": "12"}, {"phone"}),
        ({"email": "a\ud800@example.com", "phone": "x"}, {"email", "phone"}),
        ({"name": "x" * 201}, {"name"}),
        ({"name": "x" * 60_000, "email": "@" * 60_000}, {"name", "email"}),
    ],
)
def test_invalid_field_is_named(
    acme: Organization, mode: str, typed: dict[str, str], fields: set[str]
) -> None:
    session = make_session(acme, mode, **ALL)
    good = {"name": NAME, "email": EMAIL, "phone": PHONE}
    error = refusal(session, **(good | typed))
    assert error.code is ErrorCode.CONTACT_INFO_INVALID
    assert error.fields.keys() == fields
    assert len(error.message) < 500


def test_a_number_is_read_in_the_region_of_the_organization(acme: Organization) -> None:
    session = submit(make_session(acme, "required", collect_phone=True), phone="044 668 18 00")
    assert session.contact_claim == {"phone": PHONE}


def test_an_ended_or_deleted_session_is_refused(acme: Organization) -> None:
    session = make_session(acme, "optional", **ALL)
    replace_session(session_id=session.id)
    assert refusal(session, email=EMAIL).code is ErrorCode.FORBIDDEN
    WidgetSession.objects.all().delete()
    with pytest.raises(ApplicationError) as caught:
        submit_contact_info(session_id=session.id, name=None, email=EMAIL, phone=None)
    assert caught.value.code is ErrorCode.FORBIDDEN
