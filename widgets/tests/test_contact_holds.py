"""What somebody types gives them no hold over another person's conversations."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from contacts.models import Contact
from contacts.tests.parallel import in_parallel
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import VisitorSocket, Visits
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession
from widgets.services.contact_resolution import submit_contact_info
from widgets.services.sessions import create_widget_session

Connect = Callable[..., APIClient]
ANNA = {"email": "anna@corp.example", "phone": "+41446681800"}
MALLORY = {"email": "mallory@evil.example", "phone": "+1234567890"}
SECRET = "The code of the alarm is 4711"


@pytest.fixture
def form(widget: WidgetConfig, scripted: ScriptedBackend) -> WidgetConfig:
    """A widget that asks for everything, and requires nothing."""
    scripted.automatic = ("Yes.",)
    fields = dict.fromkeys(("collect_name", "collect_email", "collect_phone"), True)
    WidgetConfig.objects.update(contact_info_mode="optional", **fields)
    widget.refresh_from_db()
    return widget


async def came(visit: Visits, widget: WidgetConfig, **typed: str) -> VisitorSocket:
    socket = await visit.opened(widget)
    await fill_in(socket, **typed)
    return socket


async def fill_in(socket: VisitorSocket, **typed: str) -> None:
    await socket.send({"type": "contact_info", **typed})
    assert await socket.receive() == {"type": "contact_info_saved"}


async def said(socket: VisitorSocket, text: str) -> None:
    await socket.say(text)
    await socket.until("typing_stop")


def matching(client: APIClient, **detail: str) -> list[dict[str, Any]]:
    """The contacts of a detail, as staff find them for an export or an erasure."""
    found: list[dict[str, Any]] = client.get("/api/v1/contacts/", detail).json()["results"]
    return found


def exports(client: APIClient, **detail: str) -> str:
    """All that staff hand out to the person of a detail."""
    return " ".join(
        client.get(f"/api/v1/contacts/{contact['id']}/export/").content.decode()
        for contact in matching(client, **detail)
    )


def erase(client: APIClient, **detail: str) -> None:
    for contact in matching(client, **detail):
        assert client.post(f"/api/v1/contacts/{contact['id']}/erase/").status_code == 200


@pytest.mark.parametrize("key", ["email", "phone"])
@pytest.mark.parametrize(
    "then", [MALLORY, {"email": MALLORY["email"]}, {"phone": MALLORY["phone"]}]
)
async def test_correction_does_not_move_conversations_of_another_person(
    visit: Visits, form: WidgetConfig, api: Connect, acme_key: str, key: str, then: dict[str, str]
) -> None:
    """The first to type Anna's email or phone creates her contact, and then wants it renamed."""
    mallory = await came(visit, form, name="Mallory", **{key: ANNA[key]})
    anna = await came(visit, form, name="Anna", **{key: ANNA[key]})
    await said(anna, SECRET)
    await fill_in(mallory, name="Mallory", **then)
    client = api(acme_key)
    for name, value in then.items():
        assert SECRET not in await in_database(exports, client, **{name: value})
        await in_database(erase, client, **{name: value})
    assert SECRET in await in_database(exports, client, **{key: ANNA[key]})
    assert await in_database(WidgetMessage.objects.filter(content=SECRET).exists)
    # Staff see what was typed: as a claim.
    claims = await in_database(lambda: list(WidgetSession.objects.values_list("contact_claim")))
    assert ({"name": "Mallory", **then},) in claims


async def test_correction_before_another_session_links_is_kept(
    visit: Visits, form: WidgetConfig, api: Connect, acme_key: str
) -> None:
    mallory = await came(visit, form, email=ANNA["email"])
    await fill_in(mallory, email=MALLORY["email"])
    anna = await came(visit, form, email=ANNA["email"])
    await said(anna, SECRET)
    client = api(acme_key)
    assert SECRET not in await in_database(exports, client, email=MALLORY["email"])
    assert SECRET in await in_database(exports, client, email=ANNA["email"])


async def test_correction_and_its_reversal_change_nothing(
    visit: Visits, form: WidgetConfig
) -> None:
    mallory = await came(visit, form, email=ANNA["email"])
    await came(visit, form, email=ANNA["email"])
    for email in (MALLORY["email"], ANNA["email"], MALLORY["email"]):
        await fill_in(mallory, name="Mallory", email=email)
        contact = await in_database(Contact.objects.get)
        assert (contact.name, contact.email) == ("", ANNA["email"])


async def test_neither_of_two_linked_sessions_can_correct(
    visit: Visits, form: WidgetConfig
) -> None:
    known = await came(visit, form, email=ANNA["email"])
    linked = await came(visit, form, email=ANNA["email"])
    for socket in (known, linked):
        await fill_in(socket, email=MALLORY["email"])
    assert (await in_database(Contact.objects.get)).email == ANNA["email"]


async def test_name_only_contact_stays_correctable(visit: Visits, form: WidgetConfig) -> None:
    first, second = await came(visit, form, name="Jo"), await came(visit, form, name="Jo")
    await fill_in(first, name="Joe")
    await fill_in(second, name="Joan")
    names = await in_database(lambda: set(Contact.objects.values_list("name", flat=True)))
    assert names == {"Joe", "Joan"}


def staff_by_rest(contact: Contact, client: Client, api: APIClient) -> None:
    path = f"/api/v1/contacts/{contact.id}/"
    assert api.patch(path, {"phone": ANNA["phone"]}).status_code == 200


def staff_by_the_form(contact: Contact, client: Client, api: APIClient) -> None:
    page = f"/admin/contacts/contact/{contact.id}/change/"
    fields = client.get(page).context["adminform"].form.initial
    data = {
        **{name: value or "" for name, value in fields.items()},
        "version": client.get(page).context["adminform"].form["version"].value(),
        "phone": ANNA["phone"],
    }
    assert client.post(page, data).status_code == 302


@pytest.mark.parametrize("correct", [staff_by_rest, staff_by_the_form])
async def test_staff_correction_is_kept(
    visit: Visits,
    form: WidgetConfig,
    client: Client,
    api: Connect,
    alice: User,
    acme_key: str,
    correct: Callable[..., None],
) -> None:
    await in_database(client.force_login, alice)
    visitor = await came(visit, form, name="Anna", email=ANNA["email"])
    await in_database(correct, await in_database(Contact.objects.get), client, api(acme_key))
    await fill_in(visitor, name="Mallory", **MALLORY)
    contact = await in_database(Contact.objects.get)
    assert (contact.name, contact.email, contact.phone) == ("Anna", *ANNA.values())


async def test_claim_applied_by_staff_is_kept(
    visit: Visits, form: WidgetConfig, client: Client, alice: User
) -> None:
    await in_database(client.force_login, alice)
    visitor = await came(visit, form, name="Anna", email=ANNA["email"])
    session = await in_database(WidgetSession.objects.get)
    page = f"/admin/widgets/widgetsession/{session.id}/apply/"
    assert (await in_database(client.post, page)).status_code == 302
    await fill_in(visitor, **MALLORY)
    assert (await in_database(Contact.objects.get)).email == ANNA["email"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.costly
def test_concurrent_corrections_and_new_sessions_are_consistent(acme: Organization) -> None:
    """Whoever is first: nobody is linked to a contact that doesn't have what they typed."""
    widget = make_widget(acme, contact_info_mode="optional", collect_email=True)

    def submit(form: tuple[WidgetSession, str]) -> None:
        submit_contact_info(session_id=form[0].id, name=None, email=form[1], phone=None)

    def sessions(count: int) -> list[WidgetSession]:
        return [create_widget_session(widget=widget)[0] for _ in range(count)]

    typed = [f"anna{n}@corp.example" for n in range(8)]
    holders, victims = sessions(len(typed)), sessions(len(typed))
    for form in zip(holders, typed, strict=True):
        submit(form)
    moves = [(holder, f"mallory{n}@evil.example") for n, holder in enumerate(holders)]
    forms = [
        form for pair in zip(moves, zip(victims, typed, strict=True), strict=True) for form in pair
    ]
    assert in_parallel(submit, forms) == [None] * len(forms)
    for victim, email in zip(victims, typed, strict=True):
        victim.refresh_from_db()
        assert victim.contact is not None
        assert victim.contact.email == email
