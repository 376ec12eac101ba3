"""The handshake, and the first frames."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from widgets.models import WidgetConfig, WidgetSession
from widgets.tests.golden import is_golden

SECRETS = {"token_digest"}


async def test_a_new_visitor_gets_a_session_and_no_history(
    visit: Visits, widget: WidgetConfig
) -> None:
    base, v2 = await visit(widget, v2=False), await visit(widget)
    first = await base.receive()
    assert first == {
        "type": "session",
        "session_token": base.token,
        "contact_info_submitted": False,
    }
    assert base.token.startswith("wst_")
    second = await v2.receive()
    assert is_golden(second, v2=True)
    assert (second["resumed"], second["starters"], second["notice"]) == (False, [], None)
    assert await v2.drained() == []


async def test_the_server_selects_the_subprotocol(visit: Visits, widget: WidgetConfig) -> None:
    assert (await visit(widget)).subprotocol == "loquent.v2"
    assert (await visit(widget, v2=False)).subprotocol is None


async def test_tokens_are_stored_as_digests_only(visit: Visits, widget: WidgetConfig) -> None:
    socket = await visit(widget)
    await socket.receive()
    row = await in_database(WidgetSession.objects.values().get)
    assert socket.token not in str(row)
    assert len(row["token_digest"]) == 64


@pytest.mark.parametrize("token_in_url", [True, False])
async def test_a_token_resumes_its_session(
    visit: Visits, widget: WidgetConfig, token_in_url: bool
) -> None:
    first = await visit(widget)
    await first.receive()
    again = await visit(widget, token=first.token, token_in_url=token_in_url)
    session = await again.receive()
    assert session["session_token"] == first.token
    assert session["resumed"] is True
    assert await in_database(WidgetSession.objects.count) == 1


async def test_invalid_token_starts_a_new_session(
    visit: Visits, widget: WidgetConfig, acme: Organization
) -> None:
    other = await in_database(make_widget, acme)
    stranger, expired, ended = await visit(other), await visit(widget), await visit(widget)
    for socket in (stranger, expired, ended):
        await socket.receive()
    sessions = WidgetSession.objects.order_by("created_at")
    ids = await in_database(lambda: list(sessions.values_list("id", flat=True)))
    now = timezone.now()
    await in_database(
        sessions.filter(id=ids[1]).update, last_active_at=now - timedelta(days=30, seconds=1)
    )
    await in_database(sessions.filter(id=ids[2]).update, ended_at=now)
    for token in (
        stranger.token,
        expired.token,
        ended.token,
        "wst_" + "A" * 43,
        "wst_",
        "x" * 5_000,
        "%00",
        "wst_ÿ%ff",
        "",
    ):
        socket = await visit(widget, token=token, token_in_url=True)
        session = await socket.receive()
        assert session["resumed"] is False
        assert session["session_token"] != token
        await socket.leave()


async def test_session_expires_thirty_days_after_the_last_activity(
    visit: Visits, widget: WidgetConfig
) -> None:
    first = await visit(widget)
    await first.receive()
    almost = timezone.now() - timedelta(days=29, hours=23)
    await in_database(WidgetSession.objects.update, last_active_at=almost)
    again = await visit(widget, token=first.token)
    assert (await again.receive())["resumed"] is True


async def test_unknown_and_disabled_widgets_are_refused_alike(
    visit: Visits, widget: WidgetConfig
) -> None:
    await in_database(WidgetConfig.objects.update, enabled=False)
    for name in (widget.widget_id, "wid_unknown", "%00", "w" * 3_000, "🦊"):
        socket = await visit(name)
        assert not socket.accepted


@pytest.mark.parametrize("path", ["x/y", "embed.js/../../../../", "a/b/c/d"])
async def test_other_paths_are_refused(visit: Visits, widget: WidgetConfig, path: str) -> None:
    assert not (await visit(path)).accepted


ALLOWED = ["https://shop.example.com", "https://*.example.org"]


@pytest.mark.parametrize(
    ("origin", "accepted"),
    [
        ("https://shop.example.com", True),
        ("https://SHOP.example.com:443", True),
        ("https://a.b.example.org", True),
        ("http://127.0.0.1:8000", True),
        (None, False),
        ("null", False),
        ("", False),
        ("https://example.org", False),
        ("http://shop.example.com", False),
        ("https://shop.example.com.evil.test", False),
        ("https://evil.test\\@shop.example.com", False),
        ("https://shop.example.com@evil.test", False),
        ("https://shop.example.com:70000", False),
        ("https://shöp.example.com".encode(), False),
        (b"https://\xff\xfe", False),
        ("https://shop.example.com, https://shop.example.com", False),
        ("https://shop.example.com/", False),
        ("https://" + "a." * 4_000 + "example.org", False),
    ],
)
async def test_origins_are_checked_before_the_upgrade(
    visit: Visits, widget: WidgetConfig, origin: str | bytes | None, accepted: bool
) -> None:
    await in_database(WidgetConfig.objects.update, allowed_origins=ALLOWED)
    socket = await visit(widget, origin=origin)
    assert socket.accepted is accepted


async def test_two_origin_headers_are_refused(visit: Visits, widget: WidgetConfig) -> None:
    await in_database(WidgetConfig.objects.update, allowed_origins=ALLOWED)
    twice = [(b"origin", b"https://shop.example.com")]
    assert not (await visit(widget, origin="https://shop.example.com", headers=twice)).accepted


async def test_any_site_can_chat_without_an_origin_list(
    visit: Visits, widget: WidgetConfig
) -> None:
    for origin in (None, "null", "https://anywhere.example", b"\xff"):
        assert (await visit(widget, origin=origin)).accepted


async def test_history_is_the_second_frame(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Hello", " there.")
    socket = await visit(widget)
    await socket.say("Hi", "k1")
    await socket.until("typing_stop")
    base = await visit(widget, v2=False, token=socket.token)
    assert (await base.receive())["type"] == "session"
    assert await base.receive() == {
        "type": "history",
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello there."},
        ],
    }
    v2 = await visit(widget, token=socket.token)
    await v2.receive()
    history = await v2.receive()
    assert is_golden(history, v2=True)
    assert history["complete"] is True
    assert [m["seq"] for m in history["messages"]] == [1, 2]
    assert [m["client_message_id"] for m in history["messages"]] == ["k1", None]
    assert set(history["messages"][0]) == set(history["messages"][1])


async def test_last_seq_requests_later_messages(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Yes.",)
    socket = await visit(widget)
    for _ in range(2):
        await socket.say("Hi")
        await socket.until("typing_stop")
    later = await visit(widget, token=socket.token, query="last_seq=3")
    await later.receive()
    assert [m["seq"] for m in (await later.receive())["messages"]] == [4]
    for query, expected in (("last_seq=4", []), ("last_seq=99", []), ("last_seq=-1", ["history"])):
        again = await visit(widget, token=socket.token, query=query)
        await again.receive()
        assert [frame["type"] for frame in await again.drained()] == expected
        await again.leave()


async def test_only_the_last_messages_are_replayed(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, history_messages=3)
    scripted.automatic = ("Yes.",)
    socket = await visit(widget)
    for _ in range(2):
        await socket.say("Hi")
        await socket.until("typing_stop")
    again = await visit(widget, token=socket.token)
    await again.receive()
    history = await again.receive()
    assert ([m["seq"] for m in history["messages"]], history["complete"]) == ([2, 3, 4], False)
    rest = await visit(widget, token=socket.token, query="last_seq=1")
    await rest.receive()
    assert (await rest.receive())["complete"] is True


async def test_agent_learns_the_language_of_the_visitors_browser(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Ja.",)

    async def language_of(token: str | None, *offered: str) -> str:
        headers = [(b"accept-language", value.encode()) for value in offered]
        socket = await visit.opened(widget, token=token, headers=headers)
        tokens.append(socket.token)
        await socket.say("NT-2204?")
        await socket.until("typing_stop")
        await socket.leave()
        return scripted.requests[-1].visitor_language

    tokens: list[str] = []
    assert await language_of(None, "xx, de-CH;q=0.9, en;q=0.8") == "de"
    assert await language_of(tokens[0], "pt-BR") == "pt-BR"
    # A client that names none, or nothing that is known, leaves the last one.
    assert await language_of(tokens[0]) == "pt-BR"
    assert await language_of(tokens[0], "\xff;q=x,,*") == "pt-BR"
    assert await language_of(None, "zh-Hant-HK", "en") == "zh-TW"
    assert await language_of(None, "en;q=0.1, no") == "nb"
