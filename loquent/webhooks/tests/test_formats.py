"""Chat services get a message for people, in which nothing of a visitor is markup."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from contacts.models import Contact
from contacts.services import save_contact
from loquent.organizations.models import Organization
from loquent.testing.jobs import run_due_jobs
from loquent.testing.receiver import Receiver
from loquent.webhooks.models import WebhookEndpoint

pytestmark = pytest.mark.django_db(transaction=True)
Subscribe = Callable[..., WebhookEndpoint]
NAME = "<!channel> @everyone *x* [a](b)"


def text_of(kind: str, body: Any) -> str:
    if kind == "teams":
        card = body["attachments"][0]["content"]
        return "\n".join(block["inlines"][0]["text"] for block in card["body"])
    return str(body["content" if kind == "discord" else "text"])


@pytest.mark.parametrize("kind", ["slack", "discord", "telegram", "teams"])
@pytest.mark.parametrize("include_text", [False, True])
def test_message_has_a_sentence_the_text_and_a_link(
    subscribe: Subscribe, acme: Organization, receiver: Receiver, kind: str, include_text: bool
) -> None:
    subscribe(format=kind, include_text=include_text, url=f"{receiver.url}?chat_id=-100")
    contact = save_contact(contact=Contact(organization=acme), details={"name": NAME})
    run_due_jobs()
    body = json.loads(receiver.requests[0].body)
    lines = text_of(kind, body).splitlines()
    shown = NAME.replace("<", "&lt;").replace(">", "&gt;") if kind == "slack" else NAME
    assert lines[0] == "There is a new contact."
    assert lines[1:-1] == ([f"Name: {shown}"] if include_text else [])
    assert lines[-1].endswith(f"/admin/contacts/contact/{contact.id}/change/")
    if kind == "discord":
        assert body["allowed_mentions"] == {"parse": []}
    if kind == "telegram":
        assert (body["chat_id"], "parse_mode" in body) == ("-100", False)
    # Signed as well, for receivers of one's own.
    assert receiver.requests[0].headers["webhook-signature"].startswith("v1,")
