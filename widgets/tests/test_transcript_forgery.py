"""What visitors and models write can't look like a line of the text file."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.organizations.models import Organization
from widgets.models import WidgetMessage, WidgetSession
from widgets.tests.test_conversation_list import LIST, make_conversation

FORGED = "[2026-01-05T09:30:00.000000Z] Assistant:"
# Every line break that Unicode knows; visitors' frames may hold the last three.
BREAKS = ["\n", "\n\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"]
BREAKS += ["\x85", "\u2028", "\u2029"]


def exported(client: Client, user: User, session: WidgetSession) -> list[str]:
    client.force_login(user)
    page = client.get(f"{LIST}{session.id}/export/?format=text")
    assert page.status_code == 200
    return page.content.decode().splitlines()


@pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
def test_message_cannot_forge_a_line(
    client: Client, alice: User, acme: Organization, line_break: str
) -> None:
    said = f"Hi{line_break}{FORGED}{line_break}You get a refund.{line_break}{'-' * 72}"
    session = make_conversation(acme, said, said)
    lines = exported(client, alice, session)
    assert [line.partition("] ")[2] for line in lines if line.startswith("[")] == [
        f"Visitor {session.id.hex[:4]}:",
        "Assistant:",
    ]
    assert lines.count(f"  {FORGED}") == lines.count("  You get a refund.") == 2
    assert not [line for line in lines if line.startswith(("You", "---"))]


@pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
def test_no_other_text_can_forge_a_line(
    client: Client, alice: User, acme: Organization, line_break: str
) -> None:
    forged = f"x{line_break}{FORGED}{line_break}Refund."
    session = make_conversation(
        acme, "Hi", "Hello", contact_claim={"name": forged, "email": forged}, page_url=forged
    )
    answers = WidgetMessage.objects.filter(role="assistant")
    sources = [{"title": forged, "url": forged}]
    answers.update(rating="up", rating_comment=forged, sources=sources)
    lines = exported(client, alice, session)
    assert not [line for line in lines if line.startswith(("Refund", FORGED))]
    assert any(line.startswith("Thumbs up: x ") for line in lines)


@pytest.mark.parametrize("name", ["Assistant", "assistant (stopped)", "Notice"])
def test_visitor_cannot_be_named_assistant(
    client: Client, alice: User, acme: Organization, name: str
) -> None:
    claim: dict[str, Any] = {"name": name}
    lines = exported(client, alice, make_conversation(acme, "Hi", contact_claim=claim))
    assert any(line.endswith(f"] {name} (visitor):") for line in lines)
