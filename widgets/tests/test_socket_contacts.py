"""The contact form over the socket."""

from typing import Any

import pytest

from contacts.models import Contact
from loquent.db.threads import in_database
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import VisitorSocket, Visits
from widgets.models import WidgetConfig, WidgetSession

JANE = {"type": "contact_info", "name": "Jane", "email": "Jane@Example.com", "phone": "+1234567890"}


async def opened(visit: Visits, widget: WidgetConfig, mode: str, **how: Any) -> VisitorSocket:
    await in_database(
        WidgetConfig.objects.update,
        contact_info_mode=mode,
        collect_name=True,
        collect_email=True,
        collect_phone=mode == "optional",
    )
    socket = await visit(widget, **how)
    await socket.receive()
    return socket


@pytest.mark.parametrize("v2", [True, False])
async def test_required_details_are_requested_before_chatting(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, v2: bool
) -> None:
    scripted.automatic = ("Yes.",)
    socket = await opened(visit, widget, "required", v2=v2)
    await socket.say("Hi")
    assert (await socket.receive())["code"] == "contact_info_required"
    await socket.send(JANE)
    assert await socket.receive() == {"type": "contact_info_saved"}
    await socket.say("Hi")
    await socket.until("typing_stop")
    contact = await in_database(Contact.objects.get)
    assert (contact.name, contact.email, contact.phone) == ("Jane", "jane@example.com", None)
    again = await visit(widget, v2=v2, token=socket.token)
    assert (await again.receive())["contact_info_submitted"] is True


async def test_pasted_details_are_stored_without_invisible_characters(
    visit: Visits, widget: WidgetConfig
) -> None:
    socket = await opened(visit, widget, "required")
    await socket.send({**JANE, "name": "\u200fJane\ufeff", "email": "\u200bjane@example.com\u2060"})
    assert await socket.receive() == {"type": "contact_info_saved"}
    contact = await in_database(Contact.objects.get)
    assert (contact.name, contact.email) == ("Jane", "jane@example.com")


@pytest.mark.parametrize(
    ("details", "named"),
    [
        ({"name": "Jane"}, "Email"),
        ({"email": "jane@example.com"}, "Name"),
        ({"name": " ", "email": "jane@example.com"}, "Name"),
        ({"name": "Jane", "email": "jane@"}, "Email"),
        ({"name": "Jane", "email": "a@[127.0.0.1]"}, "Email"),
        ({}, "Name"),
    ],
)
async def test_a_refused_detail_is_named(
    visit: Visits, widget: WidgetConfig, details: dict[str, str], named: str
) -> None:
    socket = await opened(visit, widget, "required")
    await socket.send({"type": "contact_info", **details})
    error = await socket.receive()
    assert error["code"] == "contact_info_invalid"
    assert named in error["message"]
    assert await in_database(Contact.objects.count) == 0


async def test_optional_details_are_accepted(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Yes.",)
    socket = await opened(visit, widget, "optional")
    await socket.say("Hi")
    await socket.until("typing_stop")
    await socket.send({"type": "contact_info", "phone": "044 668 18 00"})
    assert await socket.receive() == {"type": "contact_info_saved"}
    contact = await in_database(Contact.objects.get)
    assert (contact.email, contact.phone) == (None, "+41446681800")


async def test_uncollected_details_are_refused(visit: Visits, widget: WidgetConfig) -> None:
    socket = await opened(visit, widget, "none")
    await socket.send(JANE)
    assert (await socket.receive())["code"] == "contact_info_not_collected"
    await in_database(
        WidgetConfig.objects.update, contact_info_mode="optional", collect_phone=False
    )
    await socket.send({"type": "contact_info", "phone": "+1234567890"})
    assert (await socket.receive())["code"] == "contact_info_not_collected"
    await socket.send({"type": "contact_info"})
    assert (await socket.receive())["code"] == "contact_info_invalid"
    assert await in_database(Contact.objects.count) == 0


async def test_form_never_changes_an_existing_contact(visit: Visits, widget: WidgetConfig) -> None:
    known = await in_database(
        Contact.objects.create,
        organization=widget.organization,
        name="Jane Doe",
        email="jane@example.com",
    )
    socket = await opened(visit, widget, "optional")
    await socket.send(JANE)
    await socket.receive()
    session = await in_database(WidgetSession.objects.get)
    assert session.contact_id == known.id
    assert session.contact_claim == {
        "name": "Jane",
        "email": "jane@example.com",
        "phone": "+1234567890",
    }
    await in_database(known.refresh_from_db)
    assert (known.name, known.phone) == ("Jane Doe", None)


async def test_repeated_form_corrects_its_own_contact_and_creates_none(
    visit: Visits, widget: WidgetConfig
) -> None:
    socket = await opened(visit, widget, "optional")
    for name in ("Jane", "Jane Doe"):
        await socket.send({**JANE, "name": name})
        assert await socket.receive() == {"type": "contact_info_saved"}
    contact = await in_database(Contact.objects.get)
    assert contact.name == "Jane Doe"


async def test_same_email_reveals_nothing_of_another_session(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Yes.",)
    first = await opened(visit, widget, "optional")
    await first.send(JANE)
    await first.say("My secret")
    await first.until("typing_stop")
    second = await opened(visit, widget, "optional")
    await second.send(JANE)
    assert await second.drained() == [{"type": "contact_info_saved"}]
    assert await in_database(Contact.objects.count) == 1


async def test_new_conversation_does_not_require_the_form_again(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Yes.",)
    socket = await opened(visit, widget, "required")
    await socket.send(JANE)
    await socket.receive()
    await socket.send({"type": "new_conversation"})
    assert (await socket.receive())["contact_info_submitted"] is True
    await socket.say("Hi")
    await socket.until("typing_stop")


async def test_sixth_form_within_an_hour_is_rate_limited(
    visit: Visits, widget: WidgetConfig
) -> None:
    socket = await opened(visit, widget, "optional")
    for _ in range(5):
        await socket.send(JANE)
        await socket.receive()
    await socket.send(JANE)
    error = await socket.receive()
    assert error["code"] == "rate_limited"
    assert 1 <= error["retry_after"] <= 720
