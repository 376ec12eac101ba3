"""Chat services get a message for people, in which nothing of a visitor is markup."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from contacts.models import Contact
from contacts.services import save_contact
from loquent.organizations.models import Organization
from loquent.testing.jobs import run_due_jobs
from loquent.testing.receiver import Receiver
from loquent.webhooks.models import WebhookEndpoint, WebhookEvent
from loquent.webhooks.services import bodies

pytestmark = pytest.mark.django_db(transaction=True)
Subscribe = Callable[..., WebhookEndpoint]
NAME = "<!channel> @everyone *x* [a](b)"
SHOWN = {
    "slack": "&lt;!channel&gt; @everyone *x* [a](b)",
    "discord": r"\<!channel> @everyone \*x\* \[a](b)",
}


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
    shown = SHOWN.get(kind, NAME)
    assert lines[0] == "There is a new contact."
    assert lines[1:-1] == ([f"Name: {shown}"] if include_text else [])
    assert lines[-1].endswith(f"/admin/contacts/contact/{contact.id}/change/")
    if kind == "discord":
        assert body["allowed_mentions"] == {"parse": []}
    if kind == "teams":
        last = body["attachments"][0]["content"]["body"][-1]["inlines"][0]
        assert last["selectAction"] == {"type": "Action.OpenUrl", "url": lines[-1]}
    if kind == "telegram":
        assert (body["chat_id"], "parse_mode" in body) == ("-100", False)
    # Signed as well, for receivers of one's own.
    assert receiver.requests[0].headers["webhook-signature"].startswith("v1,")


@pytest.mark.parametrize("kind", ["slack", "discord", "telegram", "teams"])
@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("one\r\ntwo\u2028three\x00\x1b", "one two three"),
        ("\u202e\u05e9\u05dc\u05d5\u05dd", "\u202e\u05e9\u05dc\u05d5\u05dd"),
        ("x" * 1_500, "x" * 1_500),
        ("x" * 10_000, "x" * 1_500 + "…"),
        ("😀" * 10_000, "😀" * 750 + "…"),
        ("https://a.example/b_c*d", "https://a.example/b_c*d"),
    ],
    ids=["lines", "right to left", "longest", "too long", "emoji", "address"],
)
def test_text_is_one_line_of_bounded_length(
    monkeypatch: pytest.MonkeyPatch, kind: str, written: str, shown: str
) -> None:
    monkeypatch.setattr(bodies, "read_text", lambda *_: {"text": written})
    endpoint = WebhookEndpoint(format=kind, include_text=True, url="https://a.example/?chat_id=1")
    event = WebhookEvent(type="message.created", data={"role": "user"}, created_at=timezone.now())
    body = json.loads(bodies.write_body(endpoint, event))
    assert text_of(kind, body) == f"A visitor wrote a message.\nText: {shown}"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[Bank](https://a.example/)", r"\[Bank](https://a.example/)"),
        (r"\[Bank](https://a.example/)", r"\\\[Bank](https://a.example/)"),
        ("https://a.example/<https://b.example/>", r"https://a.example/\<https://b.example/>"),
        ("||x|| `y` ~~z~~ __w__", r"\|\|x\|\| \`y\` \~\~z\~\~ \_\_w\_\_"),
    ],
)
def test_nothing_is_markup_in_discord(
    monkeypatch: pytest.MonkeyPatch, written: str, shown: str
) -> None:
    monkeypatch.setattr(bodies, "read_text", lambda *_: {"text": written})
    endpoint = WebhookEndpoint(format="discord", include_text=True, url="https://a.example/")
    event = WebhookEvent(type="message.created", data={"role": "user"}, created_at=timezone.now())
    body = json.loads(bodies.write_body(endpoint, event))
    assert body["content"] == f"A visitor wrote a message.\nText: {shown}"
