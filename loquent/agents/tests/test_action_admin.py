"""The admin pages of actions: a ready-made one, the plain form, secrets, and the test."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from loquent.agents.agent_action import AgentAction
from loquent.agents.models import TextAgent
from loquent.encryption import decrypt
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from loquent.testing.receiver import Receiver

pytestmark = pytest.mark.django_db
ADD = "admin:agents_agentaction_add"
HIDDEN = "s3cr3t-value"


@pytest.fixture
def shop(local_actions: None) -> Iterator[Receiver]:
    with Receiver() as receiver:
        receiver.reply = lambda request: (200, {}, b'{"status": "sent"}')
        yield receiver


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme)


def page(row: AgentAction, name: str = "change") -> str:
    return reverse(f"admin:agents_agentaction_{name}", args=[row.pk])


def fields(client: Client, url: str) -> dict[str, str]:
    """What a browser would send back from the form."""
    form = client.get(url).context["adminform"].form
    sent = {}
    for name in form.fields:
        value = form[name].value()
        if value not in (None, False):
            sent[name] = "on" if value is True else str(value)
    return sent


@pytest.mark.costly
def test_ready_made_action_needs_only_an_address_and_is_tested(
    client: Client, alice: User, agent: TextAgent, shop: Receiver
) -> None:
    client.force_login(alice)
    sent = fields(client, f"{reverse(ADD)}?preset=order_status")
    assert (sent["title"], sent["agent"]) == ("Order status", str(agent.pk))
    assert sent["asked"] == (
        "order_number: your order number\nemail: the email address of your order"
    )
    refused = client.post(reverse(ADD), sent)
    assert "Enter the address to call." in refused.content.decode()
    url = f"http://127.0.0.1:{shop.port}/orders/{{order_number}}"
    made = client.post(reverse(ADD), {**sent, "url": url, "secret": HIDDEN})
    row = AgentAction.objects.get()
    assert made.headers["Location"] == page(row)
    assert decrypt(row.encrypted_secret) == HIDDEN
    assert [each["name"] for each in row.parameters] == ["order_number", "email"]
    assert HIDDEN not in client.get(page(row)).content.decode()

    values = {"value-order_number": "10023", "value-email": "jane@example.com"}
    shown = client.post(page(row, "test"), values, follow=True).content.decode()
    assert f"POST http://127.0.0.1:{shop.port}/orders/10023 {{&quot;email&quot;:" in shown
    assert HIDDEN not in shown
    assert shop.requests == []
    shown = client.post(page(row, "test"), {**values, "call": "1"}, follow=True).content.decode()
    assert "The assistant is told: Status: sent" in shown
    [request] = shop.requests
    assert request.headers["authorization"] == f"Bearer {HIDDEN}"
    wrong = client.post(page(row, "test"), {"value-order_number": "1"}, follow=True)
    [told] = [str(message) for message in wrong.context["messages"]]
    assert told == "order_number: The value does not have the expected format."


def test_lines_change_what_is_asked_and_keep_the_rest(
    client: Client, alice: User, agent: TextAgent, shop: Receiver
) -> None:
    client.force_login(alice)
    sent = fields(client, f"{reverse(ADD)}?preset=order_status")
    sent |= {"url": f"http://127.0.0.1:{shop.port}/orders", "secret": HIDDEN}
    client.post(reverse(ADD), sent)
    row = AgentAction.objects.get()
    sent = fields(client, page(row))
    sent["asked"] = "order_number: your number\npostcode: your postcode"
    assert client.post(page(row), sent).status_code == 302
    row.refresh_from_db()
    number, postcode = row.parameters
    assert (number["description"], number["pattern"]) == ("your number", "#?[A-Za-z0-9-]{3,30}")
    assert (postcode["name"], postcode["pattern"]) == ("postcode", "")
    assert decrypt(row.encrypted_secret) == HIDDEN
    sent = fields(client, page(row))
    sent["parameters"] = '[{"name": "shop", "source": "fixed", "value": "main"}]'
    sent["headers"] = '{"X-Key": "abc"}'
    assert client.post(page(row), sent).status_code == 302
    row.refresh_from_db()
    assert [each["name"] for each in row.parameters] == ["shop"]
    assert decrypt(row.encrypted_headers["X-Key"]) == "abc"
    assert client.post(page(row), fields(client, page(row))).status_code == 302
    row.refresh_from_db()
    assert list(row.encrypted_headers) == ["X-Key"]


@pytest.mark.parametrize("call", [{}, {"call": "1"}])
def test_changes_are_never_made_by_the_test(
    client: Client, alice: User, agent: TextAgent, shop: Receiver, call: dict[str, str]
) -> None:
    client.force_login(alice)
    row = AgentAction.objects.create(
        agent=agent, name="cancel", title="Cancel", method="POST", risk="write",
        url=f"http://127.0.0.1:{shop.port}/cancel",
    )  # fmt: skip
    shown = client.post(page(row, "test"), call, follow=True).content.decode()
    assert "Nothing was sent." in shown
    assert shop.requests == []


def test_foreign_members_and_viewers_cannot_test(
    client: Client, charlie: User, bob: User, agent: TextAgent, shop: Receiver
) -> None:
    row = AgentAction.objects.create(
        agent=agent, name="status", title="Order status", url=f"http://127.0.0.1:{shop.port}/"
    )
    for user in (charlie, bob):
        client.force_login(user)
        assert client.post(page(row, "test"), {"call": "1"}).status_code == 404
    assert shop.requests == []
