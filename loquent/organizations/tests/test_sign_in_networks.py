"""How often an IPv6 network, and the world together, may try to sign in to one account."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from loquent.organizations.models import KnownNetwork
from loquent.organizations.services.known_networks import remember_network
from loquent.ratelimit.shared import limiter
from loquent.server.addresses import request_key
from loquent.testing.clock import Clock
from loquent.testing.people import PASSWORD

pytestmark = pytest.mark.exhaustive

LOGIN = "/admin/login/"
WRONG = "wrong"
ALICE = "alice@example.com"
HOME = "198.51.100.20"


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings: Settings) -> None:
    settings.TRUSTED_PROXY_COUNT = 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Clock:
    """The clock of the rates, all of which this process keeps."""
    settings.REDIS_URL = ""
    clock = Clock()
    monkeypatch.setattr(limiter._local, "_clock", clock)
    return clock


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each password that was hashed."""
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def count(self: Any, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", count)
    return hashed


def sign_in(ip: str, name: str = ALICE, password: str = WRONG) -> Any:
    data = {"username": name, "password": password}
    return Client().post(LOGIN, data, headers={"X-Forwarded-For": ip})


def addresses() -> Iterator[str]:
    """Addresses of networks that have nothing in common."""
    for number in range(1, 1_000_000):
        yield f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def guess(ips: Iterator[str], count: int, name: str = ALICE) -> list[int]:
    return [sign_in(next(ips), name).status_code for _ in range(count)]


def test_addresses_of_a_64_share_the_failure_count(alice: User) -> None:
    answers = [sign_in(f"2001:db8:1:2::{host:x}").status_code for host in range(60)]
    assert answers == [200] * 4 + [429] * 56
    # The neighbour's network is another one.
    assert sign_in("2001:db8:1:3::1", password=PASSWORD).status_code == 302


def test_accounts_tried_per_64_are_bounded(alice: User, clock: Clock) -> None:
    answers = [
        sign_in(f"2001:db8:1:2::{host:x}", f"{host}@example.com").status_code for host in range(35)
    ]
    assert answers == [200] * 30 + [429] * 5


def test_networks_of_a_48_share_a_wider_bucket(alice: User, clock: Clock) -> None:
    answers = [
        sign_in(f"2001:db8:1:{number:x}::1", f"{number}@example.com").status_code
        for number in range(310)
    ]
    assert answers == [200] * 300 + [429] * 10
    assert sign_in("2001:db8:2::1", "x@example.com").status_code == 200


def test_password_resets_per_64_are_bounded(db: None, settings: Settings) -> None:
    settings.MAIL_IS_ON = True

    def ask(host: int) -> int:
        headers = {"X-Forwarded-For": f"2001:db8:1:2::{host:x}"}
        data = {"email": f"{host}@example.com"}
        return Client().post("/admin/password-reset/", data, headers=headers).status_code

    assert [ask(host) for host in range(21)] == [302] * 20 + [429]


@pytest.mark.parametrize("name", [ALICE, "stranger@example.com"])
def test_distributed_guesses_are_slowed_down(
    alice: User, clock: Clock, hashes: list[str], name: str
) -> None:
    ips = addresses()
    assert guess(ips, 50, name) == [200] * 50
    refused = sign_in(next(ips), name)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) == 30
    body = refused.content.decode()
    assert "Too many wrong passwords. Try again in a minute" in body
    assert len(hashes) == 50
    for _ in range(3):
        clock.now += 30
        assert guess(ips, 2, name) == [200, 429]
    # Not even the right password is looked at; other accounts are.
    assert sign_in(next(ips), password=PASSWORD).status_code == (429 if name == ALICE else 302)
    assert sign_in(next(ips), "bob@example.com").status_code == 200


def test_known_networks_are_not_slowed_down(alice: User, clock: Clock) -> None:
    assert sign_in(HOME, password=PASSWORD).status_code == 302
    assert sign_in("2001:db8:1:2::1", password=PASSWORD).status_code == 302
    ips = addresses()
    assert guess(ips, 51)[-1] == 429
    assert sign_in(HOME, password=PASSWORD).status_code == 302
    # Another host of the same home, and another spelling of the name.
    assert sign_in("2001:db8:1:2::abcd", " ALICE@example.com", PASSWORD).status_code == 302
    assert sign_in("2001:db8:1:3::1", password=PASSWORD).status_code == 429
    # Wrong passwords from there make a pause there, as ever.
    assert [sign_in(HOME).status_code for _ in range(5)] == [200] * 4 + [429]


def test_network_is_known_for_one_account_only(alice: User, bob: User, clock: Clock) -> None:
    sign_in(HOME, "bob@example.com", PASSWORD)
    assert guess(addresses(), 51)[-1] == 429
    assert sign_in(HOME, password=PASSWORD).status_code == 429


def test_attempts_within_a_pause_do_not_slow_down_other_networks(alice: User, clock: Clock) -> None:
    # Five failures on two lines, and sixty attempts that were not even looked at.
    for line in ("192.0.2.1", "192.0.2.2"):
        for _ in range(30):
            sign_in(line)
    assert guess(addresses(), 41) == [200] * 40 + [429]


def test_correct_passwords_count_against_the_address_rate(alice: User, clock: Clock) -> None:
    answers = [sign_in(HOME, password=PASSWORD).status_code for _ in range(62)]
    assert answers == [302] * 60 + [429] * 2
    clock.now += 2
    assert sign_in(HOME, password=PASSWORD).status_code == 302


def test_networks_are_stored_as_digests_for_90_days(
    alice: User, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        sign_in(HOME, password=PASSWORD)
    [row] = KnownNetwork.objects.all()
    assert row.user == alice
    assert len(row.digest) == 64
    KnownNetwork.objects.update(last_used_at=timezone.now() - timedelta(days=91))
    assert guess(addresses(), 51)[-1] == 429
    assert sign_in(HOME, password=PASSWORD).status_code == 429
    call_command("prune")
    assert "1 known networks" in capsys.readouterr().out
    assert KnownNetwork.objects.count() == 0


def test_login_without_an_address_is_not_remembered(alice: User) -> None:
    request = Client().get(LOGIN).wsgi_request
    request.META["REMOTE_ADDR"] = ""
    remember_network(user=alice, network=request_key(request))
    assert KnownNetwork.objects.count() == 0


def test_password_reset_makes_its_network_known(
    alice: User, clock: Clock, settings: Settings
) -> None:
    from loquent.organizations.tests.test_password_reset import NEW, ask, choose, mailed_link

    settings.MAIL_IS_ON = True
    settings.SITE_URL = "https://chat.example.com"
    assert guess(addresses(), 51)[-1] == 429
    client = Client(headers={"X-Forwarded-For": HOME})
    ask(client)
    assert choose(client, mailed_link()).status_code == 302
    assert sign_in("198.51.100.21", password=NEW).status_code == 429
    assert sign_in(HOME, password=NEW).status_code == 302
