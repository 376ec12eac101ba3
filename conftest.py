"""Fixtures for the tests of every app."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from channels.layers import channel_layers, get_channel_layer
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import TransactionTestCase
from django.utils import timezone
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from loquent.agents.backends import registry
from loquent.agents.backends.registry import close_backends
from loquent.agents.importing import sandbox
from loquent.agents.services.breaker import breakers
from loquent.jobs.waking import set_stopping
from loquent.limits import Limits
from loquent.organizations.api import slow_requests
from loquent.organizations.models import Organization, Role
from loquent.organizations.services.organizations import create_api_key
from loquent.ratelimit.shared import limiter
from loquent.testing import people
from loquent.testing.clock import Time, from_noon
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.selection import mark_by_themselves, put_longest_first
from loquent.testing.sockets import Visits
from loquent.testing.tables import empty_tables, record_all_migrations
from loquent.testing.threads import close_database_threads, settle_database_threads
from widgets.chat.rooms import rooms
from widgets.chat.supervisor import supervisor
from widgets.chat.turn_runner import runner
from widgets.services.rate_limits import frame_limiter
from widgets.services.refusals import origin_counts
from widgets.services.setup.seen_sites import forget_seen_sites

pytest_plugins = ["loquent.testing.process_fixtures"]
# Loading the encoder takes seconds; the tests that are about meaning turn it on.
django_settings.MEANING = False


def pytest_configure() -> None:
    """Set the settings of the tests, regardless of the environment."""
    # A slow machine is not a bug. The same examples each time, so that a run can be repeated;
    # HYPOTHESIS_SEARCH=1 looks for new ones.
    is_search = bool(os.environ.get("HYPOTHESIS_SEARCH"))
    hypothesis_settings.register_profile("loquent", deadline=None, derandomize=not is_search)
    hypothesis_settings.load_profile("loquent")
    django_settings.SECRET_KEY = "a key for tests only, as long as a key should be"
    django_settings.SITE_URL = "http://127.0.0.1:8000"
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Otherwise every test client would read all static files again.
    django_settings.WHITENOISE_AUTOREFRESH = True
    django_settings.LIMITS = Limits()
    django_settings.RATE_LIMITS = True
    django_settings.TRUSTED_PROXY_COUNT = 0
    for ceiling in ("MAX_DAILY_TOKENS", "MAX_SOCKETS", "MAX_WIDGETS"):
        setattr(django_settings, ceiling, 0)
    django_settings.SERVER_MODELS = []
    # Scripted endpoints are on this machine, also if the environment names a proxy.
    local = ("127.0.0.1", "localhost")
    os.environ["NO_PROXY"] = ",".join(filter(None, (os.environ.get("NO_PROXY"), *local)))
    django_settings.OPENAI_API_KEY = ""
    # Nothing listens there: tests that need an endpoint set its address.
    django_settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    # Beside other tests, a process of low priority would hardly run, and exceed its time.
    for niceness in ("LOWEST", "URGENT"):
        setattr(sandbox, niceness, 0)
    _use_own_redis_database()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exempt modules and collected tests from garbage collection: a tenth of the run's CPU time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
        # Collecting less often takes no more memory, and a thirtieth less CPU time.
        gc.set_threshold(5_000, 10, 20)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, object, object]:
    """Mark the tests before pytest selects by `-m`, and sort them after pytest-django has."""
    mark_by_themselves(items)
    try:
        return (yield)
    finally:
        put_longest_first(items)


def _use_own_redis_database() -> None:
    """Give each process of pytest-xdist a Redis database: rates are counted there.

    Pub/Sub ignores databases, but its channels are named by random UUIDs.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and django_settings.REDIS_URL:
        server = django_settings.REDIS_URL.rpartition("/")[0]
        django_settings.REDIS_URL = f"{server}/{int(worker.removeprefix('gw')) + 1}"
        layer: dict[str, Any] = django_settings.CHANNEL_LAYERS["default"]
        layer["CONFIG"] = {**layer["CONFIG"], "hosts": [django_settings.REDIS_URL]}


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """SQLite in a file: the database threads must see what a test wrote."""
    if django_settings.DATABASE_IS_SQLITE:
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        database: dict[str, Any] = django_settings.DATABASES["default"]
        test = database.setdefault("TEST", {})
        test["NAME"] = str(path)
        # Running all migrations takes four times as long as creating the tables of the models.
        test["MIGRATE"] = not os.environ.get("TABLES_OF_MODELS")
        # A test's database need not survive a power cut.
        database["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Create the database as pytest-django does, and empty it faster than Django does.

    PostgreSQL drops a database only if no session is connected to it.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        if django_settings.DATABASE_IS_SQLITE:
            # Opening the file again for each test takes longer than most statements.
            patch.setattr(TransactionTestCase, "_should_reload_connections", lambda case: False)
        if os.environ.get("TABLES_OF_MODELS"):
            with django_db_blocker.unblock():
                record_all_migrations()
        yield
    close_database_threads()


@pytest.fixture(autouse=True)
def _fresh_process() -> None:
    """Reset the counters and caches of this process before every test."""
    limiter.clear()
    frame_limiter.clear()
    origin_counts.clear()
    forget_seen_sites()
    # An export that an earlier test did not read to its end counts until it is collected.
    slow_requests._running.clear()
    breakers.clear()
    # What an earlier event loop has left can't end any more.
    runner._tasks.clear()
    runner._current.clear()
    set_stopping(False)
    cache.clear()


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the clock to noon UTC, so that no midnight falls into the test."""
    monkeypatch.setattr(timezone, "now", from_noon(timezone.now))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Stop the clock, until the test advances it: `clock.pass_(minutes=3)`."""
    time = Time()
    monkeypatch.setattr(timezone, "now", lambda: time.now)
    return time


@pytest.fixture
def acme(db: None) -> Organization:
    return Organization.objects.create(name="Acme", default_phone_region="CH")


@pytest.fixture
def globex(db: None) -> Organization:
    return Organization.objects.create(name="Globex")


@pytest.fixture
def alice(acme: Organization) -> User:
    """Owner of Acme."""
    return people.make_member(acme, "alice", Role.OWNER)


@pytest.fixture
def bob(acme: Organization) -> User:
    """Viewer at Acme."""
    return people.make_member(acme, "bob", Role.VIEWER)


@pytest.fixture
def charlie(globex: Organization) -> User:
    """Owner of Globex."""
    return people.make_member(globex, "charlie", Role.OWNER)


@pytest.fixture
def acme_key(acme: Organization) -> str:
    """An API key of Acme."""
    return create_api_key(organization=acme, name="Tests")[1]


@pytest.fixture
def api() -> Callable[..., APIClient]:
    """`api(alice)`, `api(acme_key)`, `api()`, `api(alice, enforce_csrf=True)`: REST clients."""
    return people.api_client


@pytest.fixture
def local_actions(settings: Settings) -> None:
    """Allow agents' actions to call this machine, without TLS."""
    settings.ACTIONS_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.ACTIONS_ALLOW_HTTP = True


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedBackend:
    """The provider `test`, controlled by the test: `make_agent(acme, model="test:any")`."""
    backend = ScriptedBackend()
    monkeypatch.setitem(registry.BACKENDS, backend.provider, backend)
    return backend


@pytest.fixture
async def visit(transactional_db: None) -> AsyncIterator[Visits]:
    """`socket = await visit(widget)`: sockets of the real application; nothing outlives the test.

    The body of such a test is asynchronous: create its data in fixtures, or by
    `await in_database(make_widget, acme, …)`.
    """
    visits = Visits()
    try:
        yield visits
        await visits.end()
    finally:
        # Clean up even after a failure, for the sake of the next test.
        while runner.sessions():
            await supervisor.stop()
            # A task that has just ended is forgotten in the loop's next round.
            await asyncio.sleep(0)
        await supervisor.stop()
        await close_backends()
        layer: Any = get_channel_layer()
        await layer.flush()
        channel_layers.backends.clear()
        settle_database_threads()
    left_behind = rooms.sockets(), dict(rooms.sockets_by_ip)
    assert left_behind == ([], {})
