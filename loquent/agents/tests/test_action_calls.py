"""Calls of actions: what is sent, where it may go, and what of the answer counts."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loquent.agents.actions import calling
from loquent.agents.actions.arguments import (
    ArgumentError,
    check_arguments,
    digest_of,
    parse_value,
)
from loquent.agents.actions.calling import call_action
from loquent.agents.actions.patterns import MAX_TEXT, PatternError, check_pattern, matches
from loquent.agents.actions.request import prepare
from loquent.agents.actions.spec import ActionParameter, ActionSpec
from loquent.encryption import encrypt
from loquent.testing.certificates import self_signed
from loquent.testing.receiver import Received, Receiver

NUMBER = ActionParameter("number")
SPEC = ActionSpec(
    id="1", name="order_status", title="Order status", description="", kind="http", method="GET",
    url="https://shop.test/orders/{number}", risk="read", version="1", parameters=(NUMBER,),
)  # fmt: skip


@pytest.fixture
def shop(local_actions: None) -> Iterator[Receiver]:
    with Receiver() as receiver:
        receiver.reply = answer({"status": "sent"})
        yield receiver


def answer(data: Any, status: int = 200, **headers: str) -> Any:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return lambda request: (status, headers, body)


def spec_at(shop: Receiver, path: str = "/orders/{number}", **changes: Any) -> ActionSpec:
    return replace(SPEC, url=f"http://127.0.0.1:{shop.port}{path}", **changes)


HOSTILE = [
    "10023", "a b", "a/b", "a?b=1", "a&b=1#c", "a%2Fb", "a;b", "a@evil.test", "//evil.test",
    "a\\b", "ä€", "{number}", "'\"<>", "a+b", "a:b", "...", "-",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.promise(27)
async def test_values_stay_in_their_place(shop: Receiver, value: str) -> None:
    from urllib.parse import unquote

    for path in ("/orders/{number}/state", "/orders?q={number}&z=1", "/orders"):
        spec = spec_at(shop, path)
        result = await call_action(spec, {"number": value}, key="k")
        assert result.outcome == "succeeded", result
        [request] = shop.requests
        shop.requests.clear()
        before, after = {
            "/orders/{number}/state": ("/orders/", "/state"),
            "/orders?q={number}&z=1": ("/orders?q=", "&z=1"),
            "/orders": ("/orders?number=", ""),
        }[path]
        assert request.path.startswith(before)
        assert request.path.endswith(after)
        middle = request.path[len(before) : len(request.path) - len(after)]
        assert not set(middle) & set("/?#&=;@:\\ ")
        assert unquote(middle) == value
        assert request.headers["host"] == f"127.0.0.1:{shop.port}"


@pytest.mark.parametrize("value", ["..", ".", "../admin", "a/../b", "..\\admin", "a/.."])
@pytest.mark.promise(27)
async def test_dot_segments_never_leave_the_path(shop: Receiver, value: str) -> None:
    result = await call_action(spec_at(shop), {"number": value}, key="k")
    assert result.outcome == "refused"
    assert shop.requests == []


REFUSED_ARGUMENTS: list[Any] = [
    None, [], "x", {}, {"number": None}, {"number": ""}, {"number": 5}, {"number": True},
    {"number": ["1"]}, {"number": {"a": 1}}, {"number": "a\nb"}, {"number": "a\r\nX: y"},
    {"number": "a\x00"}, {"number": "a\u202eb"}, {"number": "x" * 501},
    {"number": "1", "more": "2"}, {"number": "1", "shop": "other"}, {"number": "1", "email": "x"},
    {"number": "1", "__proto__": {}},
]  # fmt: skip


@pytest.mark.parametrize("given", REFUSED_ARGUMENTS)
def test_arguments_outside_of_the_schema_are_refused(given: Any) -> None:
    spec = replace(
        SPEC,
        parameters=(
            NUMBER,
            ActionParameter("shop", source="fixed", value="main"),
            ActionParameter("email", source="verified", required=False),
        ),
    )
    with pytest.raises(ArgumentError):
        check_arguments(spec, given)


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        (ActionParameter("a", "integer"), [0, -5, 7.0], [1.5, "1", True, 2**60, float("nan")]),
        (ActionParameter("a", "number"), [0, 1.5], ["1", True, float("inf")]),
        (ActionParameter("a", "boolean"), [True, False], [1, "true", None]),
        (ActionParameter("a", enum=("x", "y")), ["x"], ["z", "X", ""]),
        (ActionParameter("a", "integer", enum=(1, 2)), [1], [True, 3]),
        (ActionParameter("a", pattern="[0-9]{4}"), ["1234"], ["12345", "x1234", "1234\n5"]),
    ],
)
def test_types_enums_and_patterns(
    parameter: ActionParameter, good: list[Any], bad: list[Any]
) -> None:
    spec = replace(SPEC, parameters=(parameter,))
    for value in good:
        assert check_arguments(spec, {"a": value}) == {"a": value}
    for value in bad:
        with pytest.raises(ArgumentError):
            check_arguments(spec, {"a": value})


def test_typed_values_are_parsed_by_their_type() -> None:
    assert parse_value(ActionParameter("a", "integer"), " 1 000 ") == 1000
    assert parse_value(ActionParameter("a", "number"), "1,5") == 1.5
    assert parse_value(ActionParameter("a", enum=("Red",)), "red") == "Red"
    for parameter, text in (
        (ActionParameter("a", "integer"), "many"),
        (ActionParameter("a", "integer"), "9" * 5_000),
        (ActionParameter("a", "boolean"), "perhaps"),
    ):
        with pytest.raises(ArgumentError):
            parse_value(parameter, text)


@pytest.mark.parametrize("pattern", ["[A-Z]{2}-[0-9]{4,8}", r"\d+", r"(?:A|B)\d{3}", "#?[0-9]+"])
def test_usual_patterns_are_accepted(pattern: str) -> None:
    check_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a*)*b", "(a|a)*b", ".*.*.*.*b"])
def test_patterns_match_in_linear_time(pattern: str) -> None:
    check_pattern(pattern)
    assert not matches(pattern, "a" * MAX_TEXT)


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", "(?=a)a", "(?<!a)b", "(", "x" * 201, "(?:x{1000}){1000}"]
)
def test_unusable_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        check_pattern(pattern)


async def test_request_has_the_rows_values_secrets_and_key(shop: Receiver) -> None:
    spec = spec_at(
        shop,
        "/orders/{number}",
        method="POST",
        risk="write",
        encrypted_headers={"X-Shop": encrypt("main")},
        encrypted_secret=encrypt("token"),
        parameters=(
            NUMBER,
            ActionParameter("reason", required=False),
            ActionParameter("notify", "boolean", source="fixed", value=True),
        ),
    )
    result = await call_action(spec, {"number": "7", "reason": "too small"}, key="key-1")
    assert (result.outcome, result.data, result.status) == ("succeeded", {"status": "sent"}, 200)
    [request] = shop.requests
    assert (request.method, request.path) == ("POST", "/orders/7")
    assert json.loads(request.body) == {"reason": "too small", "notify": True}
    assert request.headers["authorization"] == "Bearer token"
    assert request.headers["x-shop"] == "main"
    assert request.headers["idempotency-key"] == "key-1"
    assert "token" not in repr(spec)


ADDRESSES = [
    "https://127.0.0.1:9/", "https://[::1]/", "https://10.0.0.1/", "https://169.254.169.254/",
    "https://192.168.1.1/", "https://100.64.0.1/", "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/", "https://0.0.0.0/", "https://2130706433/", "https://0x7f000001/",
    "https://localhost:9/", "https://a.localhost/", "http://example.com/", "ftp://example.com/",
    "https://example.com:22/", "https://u:p@example.com/", "https://[fd00::1]/", "file:///etc",
]  # fmt: skip


@pytest.mark.parametrize("url", ADDRESSES)
@pytest.mark.promise(27)
async def test_addresses_that_are_not_public_are_refused(url: str) -> None:
    result = await call_action(replace(SPEC, url=url, parameters=()), {}, key="k")
    assert result.outcome == "refused"


@pytest.mark.promise(27)
async def test_name_that_resolves_to_this_machine_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    spec = replace(SPEC, url="https://rebound.example.com/", parameters=())
    result = await call_action(spec, {}, key="k")
    assert (result.outcome, result.reason) == ("refused", calling.NOT_PUBLIC)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.promise(27)
async def test_redirects_are_not_followed(shop: Receiver, status: int) -> None:
    shop.reply = answer(b"", status, Location=f"http://127.0.0.1:{shop.port}/elsewhere")
    result = await call_action(spec_at(shop), {"number": "1"}, key="k")
    assert (result.outcome, len(shop.requests)) == ("failed", 1)


@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (200, "succeeded", "succeeded"),
        (204, "succeeded", "succeeded"),
        (400, "failed", "failed"),
        (404, "failed", "failed"),
        (500, "failed", "unknown"),
        (504, "failed", "unknown"),
    ],
)
async def test_status_decides_the_outcome(
    shop: Receiver, status: int, read: str, write: str
) -> None:
    shop.reply = answer(b"", status)
    for risk, outcome in (("read", read), ("write", write)):
        spec = spec_at(shop, risk=risk)
        assert (await call_action(spec, {"number": "1"}, key="k")).outcome == outcome


@pytest.mark.costly
async def test_slow_answer_of_a_change_leaves_it_unknown(
    shop: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    release = threading.Event()

    def hang(request: Received) -> tuple[int, dict[str, str], bytes]:
        release.wait(10)
        return 200, {}, b"{}"

    shop.reply = hang
    monkeypatch.setattr(calling, "SECONDS", 0.3)
    for risk, outcome in (("write", "unknown"), ("read", "failed")):
        result = await call_action(spec_at(shop, risk=risk), {"number": "1"}, key="k")
        assert result.outcome == outcome
    release.set()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.promise(26)
async def test_call_is_not_repeated_if_the_shop_hangs_up(shop: Receiver, method: str) -> None:
    def hang_up(request: Received) -> tuple[int, dict[str, str], bytes]:
        raise ConnectionError

    shop.reply = hang_up
    spec = spec_at(shop, method=method, risk="write")
    assert (await call_action(spec, {"number": "1"}, key="k")).outcome == "unknown"
    assert [request.method for request in shop.requests] == [method]


async def test_nothing_was_sent_if_nobody_listens(shop: Receiver) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        spec = replace(SPEC, url=f"http://127.0.0.1:{port}/{{number}}", risk="write")
        result = await call_action(spec, {"number": "1"}, key="k")
    assert (result.outcome, result.reason) == ("refused", "The address can't be reached.")


async def test_certificate_and_protocol_are_named(shop: Receiver, tmp_path: Path) -> None:
    with Receiver(tls=self_signed(tmp_path)) as unsigned:
        for port, reason in (
            (unsigned.port, "This address has no valid certificate."),
            (shop.port, "This address does not answer over https."),
        ):
            spec = replace(SPEC, url=f"https://127.0.0.1:{port}/{{number}}", risk="write")
            result = await call_action(spec, {"number": "1"}, key="k")
            # Nothing was sent, so nothing has happened.
            assert (result.outcome, result.reason) == ("refused", reason)
        assert unsigned.requests == shop.requests == []


async def test_response_is_bounded_and_cut_to_the_named_fields(shop: Receiver) -> None:
    data = {"status": "sent", "card": "4111", "items": [{"name": "Tent"}], "track": {"url": "u"}}
    shop.reply = answer(data)
    fields = ("status", "items.0.name", "track.url", "missing.at.all")
    result = await call_action(spec_at(shop, response_fields=fields), {"number": "1"}, key="k")
    assert result.data == {"status": "sent", "items.0.name": "Tent", "track.url": "u"}
    shop.reply = answer(b"x" * 70_000)
    result = await call_action(spec_at(shop), {"number": "1"}, key="k")
    assert (result.outcome, result.data) == ("failed", None)


def test_digest_is_of_the_action_as_it_is_and_of_every_value() -> None:
    fixed = ActionParameter("shop", source="fixed", value="main")
    spec = replace(SPEC, parameters=(NUMBER, fixed))
    other = replace(SPEC, parameters=(NUMBER, replace(fixed, value="other")))
    digests = {
        digest_of(spec, {"number": "1"}),
        digest_of(spec, {"number": "2"}),
        digest_of(replace(spec, version="2"), {"number": "1"}),
        digest_of(replace(spec, id="2"), {"number": "1"}),
        digest_of(other, {"number": "1"}),
    }
    assert len(digests) == 5
    assert digest_of(spec, {"number": "1"}) in digests


def test_owners_own_part_of_the_address_is_kept() -> None:
    spec = replace(SPEC, url="https://shop.test/bücher/{number}?a=b%20c", parameters=(NUMBER,))
    request = prepare(spec, {"number": "1"})
    assert request.url == "https://shop.test/b%C3%BCcher/1?a=b%20c"
