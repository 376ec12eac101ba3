"""Members' devices hear of waiting visitors by web push, encrypted and signed as the RFCs say."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from loquent.organizations.models import Membership, Organization, Role
from loquent.testing.jobs import run_due_jobs
from loquent.testing.people import api_client, make_member, make_widget
from loquent.testing.receiver import Received, Receiver
from widgets.models import PushDevice, PushKey, WidgetSession
from widgets.services.handoff.visitor import ask_person
from widgets.services.history import append_message
from widgets.services.notify.push import crypto, server_key
from widgets.services.notify.push.base64url import decode, encode
from widgets.services.notify.push.crypto import encrypt
from widgets.services.notify.push.server_key import public_key_of_server
from widgets.services.notify.queue import note_seen_by_staff
from widgets.services.sessions import create_widget_session
from widgets.tests.desk import close_team, open_team

Api = Callable[..., APIClient]
# RFC 8291, appendix A.
RFC = {
    "plaintext": "When I grow up, I want to be a watermelon",
    "own_private": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "device_public": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6"
    "SRpkNtoIAiw4",
    "salt": "DGv6ra1nlYgDCS1FRnbzlw",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    "body": "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLo"
    "cInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQe"
    "xSgSxsj_Qulcy4a-fN",
}


def test_encryption_is_that_of_the_rfc() -> None:
    body = encrypt(
        RFC["plaintext"].encode(),
        p256dh=decode(RFC["device_public"]),
        auth=decode(RFC["auth"]),
        private=decode(RFC["own_private"]),
        salt=decode(RFC["salt"]),
    )
    assert encode(body) == RFC["body"]


class Device:
    """A browser's end of a subscription."""

    def __init__(self, url: str) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.auth = b"0123456789abcdef"
        self.public = crypto._point(self.private.public_key())
        self.subscription = {
            "endpoint": url,
            "keys": {"p256dh": encode(self.public), "auth": encode(self.auth)},
            "name": "Firefox on Linux",
        }

    def read(self, request: Received) -> dict[str, Any]:
        """Decrypt a message as a browser does."""
        body = request.body
        salt, point, sealed = body[:16], body[21:86], body[86:]
        server = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        shared = self.private.exchange(ec.ECDH(), server)
        info = b"WebPush: info\x00" + self.public + point
        secret = HKDF(hashes.SHA256(), 32, self.auth, info).derive(shared)
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(secret)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(secret)
        text = AESGCM(key).decrypt(nonce, sealed, None)
        assert text[-1] == 2
        message: dict[str, Any] = json.loads(text[:-1])
        return message


class Clock:
    """The time of the server, which a test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(tz=timezone.get_current_timezone()).replace(microsecond=0)

    def wait(self, **how: float) -> None:
        self.now += timedelta(**how)
        run_due_jobs()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Clock:
    time = Clock()
    monkeypatch.setattr(timezone, "now", lambda: time.now)
    return time


@pytest.fixture
def service(settings: Settings) -> Iterator[Receiver]:
    """A push service on this machine."""
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.WEBHOOK_ALLOW_HTTP = True
    with Receiver() as found:
        found.reply = lambda request: (201, {}, b"")
        yield found


def register(user: User, device: Device) -> int:
    client = Client()
    client.force_login(user)
    response = client.post(
        "/admin/notifications/push/",
        json.dumps(device.subscription),
        content_type="application/json",
    )
    return response.status_code


@pytest.fixture
def ana(clock: Clock, acme: Organization) -> User:
    return make_member(acme, "ana", Role.OPERATOR)


@pytest.fixture
def device(ana: User, service: Receiver) -> Device:
    """The device of Ana."""
    found = Device(service.url)
    assert register(ana, found) == 200
    return found


@pytest.fixture
def session(clock: Clock, acme: Organization) -> WidgetSession:
    widget = make_widget(acme, handoff_enabled=True, name="Shop")
    session, _ = create_widget_session(widget=widget)
    append_message(session, role="user", content="A secret question")
    return session


def test_device_hears_after_ten_seconds_unseen(
    clock: Clock, service: Receiver, device: Device, session: WidgetSession
) -> None:
    ask_person(session_id=session.id)
    clock.wait(seconds=8)
    assert service.requests == []
    clock.wait(seconds=3)
    [request] = service.requests
    message = device.read(request)
    assert message == {
        "web_push": 8030,
        "notification": {
            "title": "A visitor is waiting",
            "body": "Shop",
            "navigate": f"http://127.0.0.1:8000/admin/inbox/?c={session.id}",
            "tag": str(session.id),
        },
    }
    headers = request.headers
    assert (headers["ttl"], headers["content-encoding"]) == ("600", "aes128gcm")
    clock.wait(hours=1)
    assert len(service.requests) == 1
    assert PushDevice.objects.get().sent_at is not None


def test_device_is_quiet_until_the_team_is_back(
    clock: Clock, service: Receiver, device: Device, session: WidgetSession
) -> None:
    close_team()
    ask_person(session_id=session.id)
    clock.wait(hours=8)
    assert service.requests == []
    open_team()
    ask_person(session_id=session.id)
    clock.wait(seconds=11)
    assert len(service.requests) == 1


def test_member_hears_twice_at_most_of_one_wait(
    clock: Clock, service: Receiver, device: Device, session: WidgetSession, alice: User, ana: User
) -> None:
    other = Device(f"{service.url}/alice")
    assert register(alice, other) == 200
    ask_person(session_id=session.id)
    clock.wait(seconds=11)
    assert len(service.requests) == 2
    member = str(Membership.objects.get(user=ana).id)
    heard = []
    for _ in range(3):
        service.requests.clear()
        for action, body in (("assign", {"member": member}), ("release", {})):
            path = f"/api/v1/sessions/{session.id}/{action}/"
            assert api_client(alice).post(path, body).status_code == 200
            clock.wait(seconds=11)
        heard.append(len(service.requests))
    # Ana with the conversation, then Alice with the team; after that only mail.
    assert heard == [2, 0, 0]


def test_message_is_signed_for_its_push_service(
    clock: Clock, service: Receiver, device: Device, session: WidgetSession
) -> None:
    ask_person(session_id=session.id)
    clock.wait(seconds=11)
    scheme, _, rest = service.requests[0].headers["authorization"].partition(" ")
    token, key = (part.strip().partition("=")[2] for part in rest.split(","))
    assert (scheme, decode(key)) == ("vapid", public_key_of_server())
    head, claims, signature = token.split(".")
    assert json.loads(decode(head)) == {"typ": "JWT", "alg": "ES256"}
    assert json.loads(decode(claims)) == {
        "aud": f"http://127.0.0.1:{service.port}",
        "exp": int(clock.now.timestamp()) + 43_200,
        "sub": "http://127.0.0.1:8000",
    }
    raw = decode(signature)
    numbers = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(key))
    signed = encode_dss_signature(*numbers)
    public.verify(signed, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(signed, b"something else", ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("change", ["seen", "away", "viewer", "gone"])
def test_device_hears_nothing(
    clock: Clock,
    service: Receiver,
    device: Device,
    ana: User,
    session: WidgetSession,
    change: str,
) -> None:
    ask_person(session_id=session.id)
    members = Membership.objects.filter(user=ana)
    if change == "seen":
        note_seen_by_staff(session.id)
    elif change == "away":
        members.update(is_away=True)
    elif change == "viewer":
        members.update(role=Role.VIEWER)
    else:
        members.delete()
    clock.wait(minutes=1)
    assert service.requests == []


def test_only_the_assignee_hears_of_their_visitor(
    clock: Clock, service: Receiver, device: Device, alice: User, api: Api, session: WidgetSession
) -> None:
    other = Device(f"{service.url}?alice")
    assert register(alice, other) == 200
    member = str(Membership.objects.get(user=alice).id)
    path = f"/api/v1/sessions/{session.id}"
    assert api(alice).post(f"{path}/assign/", {"member": member}).status_code == 200
    clock.wait(seconds=11)
    assert [request.path for request in service.requests] == ["/hook?alice"]


@pytest.mark.parametrize("status", [404, 410])
def test_forgotten_device_is_deleted(
    clock: Clock, service: Receiver, device: Device, session: WidgetSession, status: int
) -> None:
    service.reply = lambda request: (status, {}, b"")
    ask_person(session_id=session.id)
    clock.wait(seconds=11)
    assert not PushDevice.objects.exists()


def test_test_button_shows_failures_and_recovers(
    clock: Clock, service: Receiver, device: Device, ana: User, client: Client
) -> None:
    client.force_login(ana)
    service.reply = lambda request: (403, {}, b"BadJwtToken")
    client.post("/admin/notifications/", {"test_push": "1"})
    run_due_jobs()
    page = client.get("/admin/notifications/").content.decode()
    assert "The push service answered with status 403." in page
    assert "BadJwtToken" not in page
    service.reply = lambda request: (201, {}, b"")
    client.post("/admin/notifications/", {"test_push": "1"})
    run_due_jobs()
    assert device.read(service.requests[-1])["notification"]["tag"] == "test"
    assert "status 403" not in client.get("/admin/notifications/").content.decode()
    row = PushDevice.objects.get()
    client.post("/admin/notifications/", {"remove": str(row.id)})
    assert not PushDevice.objects.exists()


def test_private_address_is_refused_when_registering_and_when_sending(
    clock: Clock, service: Receiver, ana: User, settings: Settings, session: WidgetSession
) -> None:
    device = Device(service.url)
    assert register(ana, device) == 200
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    settings.WEBHOOK_ALLOW_HTTP = False
    for url in ("http://push.example.com/x", "https://127.0.0.1/x", "https://[::1]/x", "x"):
        assert register(ana, Device(url)) == 400
    ask_person(session_id=session.id)
    clock.wait(seconds=11)
    assert service.requests == []
    assert "not allowed" in PushDevice.objects.get().error


@pytest.mark.parametrize(
    "body",
    [
        "", "[]", "{", "5", '{"endpoint": 5, "keys": {"p256dh": "a", "auth": "b"}}',
        '{"endpoint": "https://push.example.com/x", "keys": {"p256dh": "AAAA", "auth": "AAAA"}}',
        '{"endpoint": "https://push.example.com/x", "keys": {"p256dh": "ü", "auth": "ü"}}',
        '{"endpoint": "https://push.example.com/x", "keys": []}', "[" * 5_000,
    ],
)  # fmt: skip
def test_invalid_subscription_is_refused(ana: User, client: Client, body: str) -> None:
    client.force_login(ana)
    response = client.post("/admin/notifications/push/", body, content_type="application/json")
    assert response.status_code == 400
    assert response.json()["message"]
    assert not PushDevice.objects.exists()


def test_browser_belongs_to_who_is_logged_in(
    service: Receiver, device: Device, alice: User, ana: User
) -> None:
    for _ in range(2):
        assert register(alice, device) == 200
    assert [row.member.user for row in PushDevice.objects.all()] == [alice]
    device.subscription.pop("name")
    assert register(alice, device) == 200
    assert PushDevice.objects.get().name == "Firefox on Linux"
    for number in range(12):
        assert register(ana, Device(f"{service.url}/{number}")) == 200
    assert PushDevice.objects.filter(member__user=ana).count() == 10


def test_key_is_sealed_and_replaced_if_secret_key_changes(
    device: Device, settings: Settings
) -> None:
    first = public_key_of_server()
    assert public_key_of_server() == first
    assert PushKey.objects.count() == 1
    settings.SECRET_KEY = "another key for tests only, as long as a key should be"
    assert public_key_of_server() != first
    # It can't be reached with the new key: it registers again when its page is opened.
    assert not PushDevice.objects.exists()


@pytest.mark.parametrize("filler", ["!" * 5_000, "=" * 500, "\n" * 200])
def test_only_the_keys_of_a_subscription_are_stored(ana: User, filler: str) -> None:
    device = Device("https://push.example.com/x")
    keys = {"p256dh": encode(device.public), "auth": encode(device.auth)}
    device.subscription["keys"] = {name: f"{key}{filler}" for name, key in keys.items()}
    assert register(ana, device) in {200, 400}
    for row in PushDevice.objects.all():
        assert {"p256dh": row.p256dh, "auth": row.auth} == keys
    assert register(ana, Device("https://push.example.com/ü")) == 400


@pytest.mark.parametrize("is_replaced", [False, True])
def test_first_of_two_processes_makes_the_key(
    transactional_db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch, is_replaced: bool
) -> None:
    if is_replaced:
        public_key_of_server()
        settings.SECRET_KEY = "another key for tests only, as long as a key should be"
    others: list[bytes] = []

    def new_key() -> bytes:
        """Another process is faster."""
        if not others:
            others.append(b"")
            others.append(public_key_of_server())
        return crypto.new_private_key()

    monkeypatch.setattr(server_key, "new_private_key", new_key)
    assert public_key_of_server() == others[1]
    assert public_key_of_server() == others[1]


@pytest.mark.django_db
def test_admin_can_be_installed(client: Client) -> None:
    manifest = client.get("/admin/manifest.webmanifest")
    assert manifest["Content-Type"] == "application/manifest+json"
    assert manifest.json()["display"] == "standalone"
    assert manifest.json()["scope"] == "/admin/"
    worker = client.get("/admin/service-worker.js")
    assert worker["Content-Type"] == "text/javascript; charset=utf-8"
    assert b"showNotification" in worker.content
    page = client.get("/admin/login/")
    assert "manifest-src 'self'; worker-src 'self'" in page["Content-Security-Policy"]
    assert 'rel="manifest" href="/admin/manifest.webmanifest"' in page.content.decode()
