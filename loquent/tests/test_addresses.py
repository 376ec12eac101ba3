"""Whose request it is: only what a trusted proxy said counts."""

import pytest
from pytest_django.fixtures import Settings

from loquent.server.addresses import client_address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, [], "peer"),
        (0, ["1.1.1.1"], "peer"),
        (1, [], "peer"),
        (1, ["1.1.1.1"], "1.1.1.1"),
        (1, ["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
        (1, ["6.6.6.6", "1.1.1.1"], "1.1.1.1"),
        (2, ["1.1.1.1"], "peer"),
        (2, ["6.6.6.6, 1.1.1.1, 2.2.2.2"], "1.1.1.1"),
        (2, ["6.6.6.6,1.1.1.1", "2.2.2.2"], "1.1.1.1"),
        (1, [""], "peer"),
        (1, ["1.1.1.1, "], "peer"),
        (1, ["2001:db8::1"], "2001:db8::1"),
    ],
)
def test_client_address_is_read_behind_trusted_proxies(
    settings: Settings, proxies: int, forwarded: list[str], expected: str
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    assert client_address("peer", forwarded) == expected
