from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from loquent.organizations.models import Organization
from loquent.testing.receiver import Receiver
from loquent.webhooks.models import WebhookEndpoint
from loquent.webhooks.services.endpoints import create_endpoint


@pytest.fixture(autouse=True)
def _local_receivers(settings: Settings) -> None:
    """Let webhooks reach this machine, and make attempts follow at once."""
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.WEBHOOK_ALLOW_HTTP = True


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


@pytest.fixture
def subscribe(acme: Organization, receiver: Receiver) -> Callable[..., WebhookEndpoint]:
    """`subscribe()`, `subscribe(events=["ping"], organization=globex)`: a webhook of Acme."""

    def make(organization: Organization = acme, **data: Any) -> WebhookEndpoint:
        given: Any = {"url": receiver.url, "events": ["*"], **data}
        return create_endpoint(organization=organization, data=given)

    return make
