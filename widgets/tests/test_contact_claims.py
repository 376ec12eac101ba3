"""A visitor's form never changes an existing contact, save the one that its session made."""

from typing import Any

import pytest

from contacts.models import Contact
from loquent.errors import ApplicationError
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.contact_resolution import apply_contact_claim, submit_contact_info
from widgets.services.sessions import create_widget_session


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(
        acme,
        contact_info_mode="optional",
        collect_name=True,
        collect_email=True,
        collect_phone=True,
    )


@pytest.fixture
def session(widget: WidgetConfig) -> WidgetSession:
    return create_widget_session(widget=widget)[0]


@pytest.fixture
def jane(acme: Organization) -> Contact:
    return Contact.objects.create(organization=acme, name="Jane", email="jane@example.com")


def submit(session: WidgetSession, **typed: Any) -> None:
    form: dict[str, Any] = {"name": None, "email": None, "phone": None}
    submit_contact_info(session_id=session.id, **(form | typed))
    session.refresh_from_db()


def details(contact: Contact | None) -> tuple[str, str | None, str | None]:
    assert contact is not None
    contact.refresh_from_db()
    return contact.name, contact.email, contact.phone


def test_known_contact_is_not_changed_by_a_form(session: WidgetSession, jane: Contact) -> None:
    submit(session, name="Mallory", email="JANE@example.com", phone="+1234567890")
    assert session.contact == jane
    assert details(jane) == ("Jane", "jane@example.com", None)
    assert session.contact_claim == {
        "name": "Mallory",
        "email": "jane@example.com",
        "phone": "+1234567890",
    }


def test_repeated_form_does_not_change_a_known_contact(
    session: WidgetSession, jane: Contact
) -> None:
    submit(session, email="jane@example.com")
    submit(session, name="Mallory", email="mallory@example.com")
    assert session.contact == jane
    assert details(jane) == ("Jane", "jane@example.com", None)
    assert Contact.objects.count() == 1
    assert session.contact_claim == {"name": "Mallory", "email": "mallory@example.com"}


def test_repeated_form_corrects_the_contact_it_created(session: WidgetSession) -> None:
    submit(session, name="Jnae", email="jnae@example.com")
    submit(session, name="Jane", email="jane@example.com", phone="044 668 18 00")
    assert details(Contact.objects.get()) == ("Jane", "jane@example.com", "+41446681800")


def test_repeated_form_keeps_omitted_fields(session: WidgetSession) -> None:
    submit(session, name="Jane", email="jane@example.com")
    submit(session, phone="+1234567890")
    assert details(Contact.objects.get()) == ("Jane", "jane@example.com", "+1234567890")


def test_refused_repeat_keeps_contact_and_claim(session: WidgetSession) -> None:
    submit(session, name="Jane", email="jane@example.com")
    with pytest.raises(ApplicationError):
        submit(session, email="nonsense")
    session.refresh_from_db()
    assert session.contact_claim == {"name": "Jane", "email": "jane@example.com"}
    assert details(session.contact) == ("Jane", "jane@example.com", None)


@pytest.mark.parametrize(
    "typed", [{"email": "JANE@example.com"}, {"phone": "+41 44 668 18 00"}], ids=str
)
def test_correction_cannot_take_details_of_another_contact(
    session: WidgetSession, jane: Contact, typed: dict[str, str]
) -> None:
    Contact.objects.filter(id=jane.id).update(phone="+41446681800")
    submit(session, name="Mine", email="mine@example.com")
    submit(session, name="Still mine", **typed)
    assert session.contact != jane
    assert details(session.contact)[1:] == ("mine@example.com", None)
    assert details(jane) == ("Jane", "jane@example.com", "+41446681800")
    assert Contact.objects.count() == 2
    assert (session.contact_claim or {})["name"] == "Still mine"


def test_other_sessions_never_correct_the_contact(
    widget: WidgetConfig, session: WidgetSession
) -> None:
    submit(session, name="Jane", email="jane@example.com")
    other, _ = create_widget_session(widget=widget)
    submit(other, name="Mallory", email="jane@example.com")
    submit(other, name="Mallory", email="mallory@example.com", phone="+1234567890")
    assert other.contact == session.contact
    assert details(session.contact) == ("Jane", "jane@example.com", None)


def test_form_creates_a_new_contact_after_staff_deleted_the_old(session: WidgetSession) -> None:
    submit(session, email="jane@example.com")
    Contact.objects.all().delete()
    submit(session, email="jane@example.com")
    assert session.contact == Contact.objects.get()
    assert session.contact_is_own


def test_staff_can_apply_a_claim(session: WidgetSession, jane: Contact) -> None:
    submit(session, name="Jane Doe", email="jane@example.com", phone="+1234567890")
    assert apply_contact_claim(session_id=session.id)
    assert details(jane) == ("Jane Doe", "jane@example.com", "+1234567890")
    session.refresh_from_db()
    assert not session.contact_is_own


def test_staff_can_apply_a_claim_whose_contact_was_deleted(
    session: WidgetSession, jane: Contact
) -> None:
    submit(session, name="Jane Doe", email="jane@example.com")
    jane.delete()
    assert apply_contact_claim(session_id=session.id)
    session.refresh_from_db()
    assert details(session.contact) == ("Jane Doe", "jane@example.com", None)


def test_claim_conflicting_with_another_contact_is_not_applied(
    session: WidgetSession, jane: Contact, acme: Organization
) -> None:
    Contact.objects.create(organization=acme, phone="+1234567890")
    submit(session, name="X", email="jane@example.com", phone="+1234567890")
    with pytest.raises(ApplicationError) as caught:
        apply_contact_claim(session_id=session.id)
    assert list(caught.value.fields) == ["phone"]
    assert details(jane) == ("Jane", "jane@example.com", None)


def test_empty_claim_cannot_be_applied(session: WidgetSession) -> None:
    assert not apply_contact_claim(session_id=session.id)
    assert Contact.objects.count() == 0
