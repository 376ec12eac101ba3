"""Staff sessions: a copy of the table opens none, and one that is used doesn't end."""

import io
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test import AsyncClient, Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from loquent.db.threads import in_database
from loquent.organizations.backends import signed_in_user
from loquent.organizations.staff_sessions import REFRESH_AFTER, SessionStore
from loquent.testing.people import PASSWORD
from loquent.testing.threads import settle_database_threads

AGE = timedelta(hours=12)
HOME = "/admin/organizations/membership/"


def with_cookie(key: str) -> Client:
    browser = Client()
    browser.cookies["sessionid"] = key
    return browser


def log_in(user: User) -> Client:
    browser = Client()
    data = {"username": user.username, "password": PASSWORD}
    assert browser.post("/admin/login/", data).status_code == 302
    return browser


def is_in(browser: Client) -> bool:
    return browser.get(HOME).status_code == 200


def idle(minutes: float) -> None:
    """Let all sessions be as they were so many minutes after the last request."""
    Session.objects.update(expire_date=timezone.now() + AGE - timedelta(minutes=minutes))


def stored() -> list[str]:
    """Everything that a dump of the table has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_key, session_data FROM django_session")
        return [str(value) for row in cursor.fetchall() for value in row]


def test_stored_digest_does_not_open_a_session(alice: User, client: Client) -> None:
    browser = log_in(alice)
    cookie = browser.cookies["sessionid"].value
    assert is_in(browser)
    assert is_in(with_cookie(cookie))
    assert not any(cookie in value for value in stored())
    for value in stored():
        assert not is_in(with_cookie(value))
        assert signed_in_user(value) is None
        api = with_cookie(value).get("/api/v1/widgets/")
        assert api.status_code == 401
    assert signed_in_user(cookie) == alice


def test_row_of_an_earlier_version_opens_no_session(alice: User) -> None:
    browser = log_in(alice)
    cookie = browser.cookies["sessionid"].value
    # As Django's own store writes it.
    Session.objects.update(session_key=cookie)
    assert not is_in(browser)


def test_logout_ends_the_session_immediately(alice: User) -> None:
    browser, other = log_in(alice), log_in(alice)
    cookie = browser.cookies["sessionid"].value
    assert Session.objects.count() == 2
    browser.post("/admin/logout/")
    assert Session.objects.count() == 1
    assert not is_in(with_cookie(cookie))
    assert is_in(other)


def test_planted_session_key_is_replaced(alice: User) -> None:
    planted = SessionStore()
    planted["a"] = "b"
    planted.save()
    browser = with_cookie(planted.session_key or "")
    browser.post("/admin/login/", {"username": alice.username, "password": PASSWORD})
    assert browser.cookies["sessionid"].value != planted.session_key
    assert is_in(browser)
    assert not is_in(with_cookie(planted.session_key or ""))
    assert Session.objects.count() == 1


def test_password_change_ends_the_other_sessions(alice: User) -> None:
    browser, other = log_in(alice), log_in(alice)
    new = "another correct horse"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert browser.post("/admin/password_change/", form).status_code == 302
    assert is_in(browser)
    assert not is_in(other)


def test_used_session_does_not_expire(alice: User) -> None:
    browser = log_in(alice)
    for _ in range(6):
        idle(11.9 * 60)
        response = browser.get(HOME)
        assert response.status_code == 200
        assert browser.cookies["sessionid"]["max-age"] == AGE.total_seconds()
        assert Session.objects.get().expire_date - timezone.now() > AGE - timedelta(minutes=1)


def test_unused_session_expires(alice: User) -> None:
    browser = log_in(alice)
    idle(12 * 60)
    assert not is_in(browser)
    assert signed_in_user(browser.cookies["sessionid"].value) is None


def test_session_hours_are_configurable(alice: User, settings: Settings) -> None:
    settings.SESSION_COOKIE_AGE = 3_600
    browser = log_in(alice)
    assert browser.cookies["sessionid"]["max-age"] == 3_600
    assert Session.objects.get().expire_date - timezone.now() <= timedelta(hours=1)


def test_requests_within_minutes_write_nothing(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser = log_in(alice)
    minutes = REFRESH_AFTER.total_seconds() / 60
    for idle_minutes, writes in ((minutes - 1, 0), (minutes + 1, 1)):
        idle(idle_minutes)
        with django_assert_num_queries(2 + writes) as queries:
            # Session, user, and what extends the session.
            response = browser.get("/admin/jsi18n/")
        assert response.status_code == 200
        assert sum("UPDATE" in query["sql"] for query in queries) == writes
        assert ("sessionid" in response.cookies) is bool(writes)


def test_extending_does_not_undo_concurrent_changes(alice: User) -> None:
    """Of two requests at once, one extends the session and one writes to it."""
    key = log_in(alice).cookies["sessionid"].value
    idle(60)
    extends, writes = SessionStore(key), SessionStore(key)
    assert extends.get("chosen") is None
    writes["chosen"] = "this"
    writes.save()
    assert extends.modified
    extends.save()
    assert SessionStore(key).get("chosen") == "this"


def test_extending_does_not_restore_a_deleted_session(alice: User) -> None:
    browser = log_in(alice)
    idle(60)
    extends = SessionStore(browser.cookies["sessionid"].value)
    assert extends.get("chosen") is None
    browser.post("/admin/logout/")
    with pytest.raises(UpdateError):
        extends.save()
    assert Session.objects.count() == 0


def test_session_changes_are_saved_with_the_extension(alice: User) -> None:
    key = log_in(alice).cookies["sessionid"].value
    idle(60)
    store = SessionStore(key)
    store["chosen"] = "this"
    store.save()
    assert SessionStore(key)["chosen"] == "this"
    idle(60)
    store = SessionStore(key)
    store.cycle_key()
    store["chosen"] = "that"
    store.save()
    assert SessionStore(key).get("chosen") is None
    assert SessionStore(store.session_key)["chosen"] == "that"


def test_expired_rows_are_cleared(alice: User) -> None:
    log_in(alice)
    idle(12 * 60 + 1)
    browser = log_in(alice)
    call_command("prune", stdout=io.StringIO())
    assert Session.objects.count() == 1
    assert is_in(browser)


@pytest.mark.parametrize(
    "path",
    ["login/", "logout/", "", "password-reset/", "password-reset/sent/", "password-reset/complete/",
     "password-reset/MQ/set-password/", "password-reset/MQ/c0ffee-0123456789abcdef/", "join/",
     "join/lqi_x/", "switch-organization/", "widgets/widgetsession/", "jsi18n/"],
)  # fmt: skip
def test_anonymous_request_creates_no_session(db: None, path: str) -> None:
    browser = Client()
    for url in (f"/admin/{path}", f"/admin/{path}?organization=all&next=/admin/"):
        browser.get(url)
        browser.post(url, {"username": "x", "password": "y", "email": "z", "organization": "all"})
    assert Session.objects.count() == 0


@pytest.fixture
def settled(transactional_db: None) -> Iterator[None]:
    """Asynchronous views and queries leave a thread with a connection."""
    yield
    settle_database_threads()


async def test_async_session_store_behaves_the_same(settled: None, alice: User) -> None:
    browser = AsyncClient()
    await browser.aforce_login(alice)
    cookie = browser.cookies["sessionid"].value
    await in_database(idle, 60)
    assert (await browser.get(HOME)).status_code == 200
    store = SessionStore(cookie)
    await in_database(idle, 60)
    assert await store.aget("_auth_user_id") == str(alice.pk)
    await store.asave()
    await store.aset("chosen", "this")
    await store.asave()
    assert await SessionStore(cookie).aget("chosen") == "this"
    assert await store.aexists(cookie)
    for value in await in_database(stored):
        assert await SessionStore(value).aget("_auth_user_id") is None
        assert not await SessionStore().aexists(value)
    await store.acycle_key()
    assert not await store.aexists(cookie)
    assert await SessionStore(store.session_key).aget("chosen") == "this"
    await store.aflush()
    assert await in_database(stored) == []


def test_settings_select_this_store() -> None:
    assert import_module(django_settings.SESSION_ENGINE).SessionStore is SessionStore
