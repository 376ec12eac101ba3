"""`manage.py serve`: what keeps it from starting is one sentence; no secret is in its log."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from websockets.sync.client import connect

from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process import plain_environment, run_manage, url_of_test_database
from loquent.testing.process_fixtures import StartServer
from loquent.tokens import SESSION_TOKEN, new_token
from widgets.models import WidgetConfig

pytestmark = pytest.mark.server
SECRET = "a secret key for tests only, of more than fifty characters"


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme)


def test_port_in_use_is_reported(transactional_db: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = run_manage(
            *("serve", "--port", str(port)), DEBUG="1", DATABASE_URL=url_of_test_database()
        )
    assert answer.returncode == 1
    assert answer.stderr == (
        f"CommandError: 127.0.0.1:{port} can't be listened on: Address already in use. "
        "Choose another --port.\n"
    )


def test_missing_migrations_are_reported(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    answer = run_manage("serve", "--port", "0", DEBUG="1", DATABASE_URL=url)
    assert answer.returncode == 1
    assert answer.stderr == "CommandError: Migrations are missing. Run `manage.py migrate` first.\n"


def test_missing_database_is_reported() -> None:
    answer = run_manage(
        "serve", "--port", "0", DEBUG="1", DATABASE_URL="postgres://user:hunter2@127.0.0.1:9/none"
    )
    assert answer.returncode == 1
    assert answer.stderr == "CommandError: The database doesn't answer: OperationalError.\n"


def test_missing_secret_is_reported() -> None:
    answer = run_manage("serve", "--port", "0", DEBUG="0")
    assert answer.returncode == 1
    assert "(loquent.E001) SECRET_KEY is not set." in answer.stderr
    assert answer.stderr.endswith("Nothing was started.\n")
    assert "Traceback" not in answer.stderr


def test_several_workers_run_on_a_small_machine() -> None:
    answer = run_manage("serve", "--port", "0", "--workers", "2", DEBUG="1")
    assert answer.returncode == 1
    assert "(loquent.E002)" in answer.stderr
    assert "(loquent.E003)" in answer.stderr


def test_token_in_the_url_is_not_logged(
    live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process(LOG_LEVEL="DEBUG", DEBUG="0", SECRET_KEY=SECRET)
    token = new_token(SESSION_TOKEN)
    address = f"{server.socket_url}/api/widget/{widget.widget_id}/ws?token={token}"
    with connect(address) as visitor:
        given = str(visitor.recv())
        visitor.send('{"type":"message","content":"the visitor\'s own words"}')
        while "typing_stop" not in visitor.recv():
            pass
    assert server.terminate() in {0, -15}
    log = server.log()
    assert "Serving on" in log
    for secret in (token, token.removeprefix(SESSION_TOKEN), given[40:70], "own words"):
        assert secret not in log
    assert "Traceback" not in log


def test_server_stops_cleanly_with_a_connected_visitor(
    live_server_process: StartServer, widget: WidgetConfig
) -> None:
    server = live_server_process()
    with connect(f"{server.socket_url}/api/widget/{widget.widget_id}/ws") as visitor:
        visitor.recv()
        assert server.terminate() in {0, -15}
        visitor.close()
        assert visitor.close_code in {1001, 1012}
    assert "Traceback" not in server.log()


def test_admin_static_files_are_served(live_server_process: StartServer) -> None:
    server = live_server_process(DEBUG="0", SECRET_KEY=SECRET)
    request = f"GET /static/admin/css/base.css HTTP/1.0\r\nHost: 127.0.0.1:{server.port}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(request.encode())
        answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"text/css" in answer


def test_debug_on_the_network_needs_a_second_setting(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    serve = ("serve", "--port", "0", "--host", "0.0.0.0")
    answer = run_manage(*serve, DEBUG="1", DATABASE_URL=url)
    assert answer.returncode == 1
    assert answer.stderr == (
        "CommandError: DEBUG=1 on 0.0.0.0 would show error pages with settings and source code to "
        "the network. Set DEBUG=0, or serve on 127.0.0.1. To serve anyway, add "
        "--debug-on-network.\n"
    )
    for arguments, variables in [
        ((*serve, "--debug-on-network"), {"DEBUG": "1"}),
        (serve, {"DEBUG": "0", "SECRET_KEY": SECRET}),
    ]:
        answer = run_manage(*arguments, DATABASE_URL=url, **variables)
        # It got as far as the database, which is empty.
        assert "CommandError: Migrations are missing." in answer.stderr


@pytest.mark.parametrize(("debug", "key"), [("0", ""), ("0", SECRET), ("1", "")])
def test_server_refuses_the_public_development_key(debug: str, key: str) -> None:
    """uvicorn, Daphne and the like import the application without `serve` and its checks."""
    done = subprocess.run(
        [sys.executable, "-c", "import loquent.asgi; print('started')"],
        env=plain_environment(
            DEBUG=debug,
            SECRET_KEY=key,
            DATABASE_URL="sqlite://:memory:",
        ),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    if debug == "1" or key:
        assert done.stdout == "started\n", done.stderr
    else:
        assert done.stderr.splitlines()[-1] == (
            "django.core.exceptions.ImproperlyConfigured: SECRET_KEY is not set. Set SECRET_KEY "
            "(or SECRET_KEY_FILE) to 50 random characters."
        )


def test_commands_work_without_a_key_and_say_so() -> None:
    answer = run_manage("check", DEBUG="0", DATABASE_URL="sqlite://:memory:")
    assert answer.returncode == 1
    assert "(loquent.E001) SECRET_KEY is not set." in answer.stderr
    assert run_manage("help", DEBUG="0").returncode == 0
