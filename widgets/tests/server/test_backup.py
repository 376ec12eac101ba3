"""A backup taken while the server runs, restored elsewhere: everything and everybody comes back."""

import json
import os
import sqlite3
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import websockets
from django.conf import settings
from django.db import connection
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

from contacts.models import Contact
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.packages import postgresql_programs
from loquent.testing.people import make_widget
from loquent.testing.process import ServerProcess, run_manage, url_of_test_database
from loquent.testing.process_fixtures import StartServer
from loquent.testing.waiting import COMMAND_SECONDS, WAIT_SECONDS
from widgets.models import WidgetConfig
from widgets.tests.server.test_wire import receive, until

pytestmark = pytest.mark.server
RESTORE = str(settings.BASE_DIR / "deploy" / "compose" / "restore.sh")


def program(name: str) -> str:
    folder = postgresql_programs()
    assert folder is not None
    return str(folder / name)


def url_of(name: str) -> str:
    return f"{url_of_test_database().rpartition('/')[0]}/{name}"


@pytest.fixture
def new_database() -> Iterator[str]:
    """The name of a database that is there for this test only; unused with SQLite."""
    name = f"restored_{uuid.uuid4().hex[:12]}"
    yield name
    if connection.vendor == "postgresql":
        drop = [program("dropdb"), "--if-exists", "--force"]
        maintenance = ["--maintenance-db", url_of("postgres"), name]
        subprocess.run([*drop, *maintenance], check=True, timeout=COMMAND_SECONDS)


def back_up_and_restore(folder: Path, new_database: str) -> str:
    """As docs/self-hosting.md says; gives the DATABASE_URL of the restored database."""
    if connection.vendor == "sqlite":
        # The program's `.backup`; VACUUM would need Django's own functions for the constraints.
        copy = folder / "copy.sqlite3"
        with (
            closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=20)) as database,
            closing(sqlite3.connect(copy)) as target,
        ):
            database.backup(target)
        return f"sqlite:///{copy}"
    dump, new_url = str(folder / "loquent.dump"), url_of(new_database)
    create = [program("createdb"), "--maintenance-db", url_of("postgres"), new_database]
    subprocess.run(create, check=True, timeout=COMMAND_SECONDS)
    for url, *command in (
        (url_of_test_database(), "pg_dump", "--format=custom", "--no-owner", f"--file={dump}"),
        (new_url, "sh", RESTORE, dump),
    ):
        done = run_manage(
            "with_database",
            *command,
            DATABASE_URL=url,
            SECRET_KEY="x" * 50,
            BACKUP_DIR=str(folder),
            PATH=f"{postgresql_programs()}:{os.environ['PATH']}",
        )
        assert done.returncode == 0, done.stderr
    return new_url


async def come(
    server: ServerProcess, widget: WidgetConfig, token: str = ""
) -> tuple[ClientConnection, dict[str, object]]:
    offered = ["loquent.v2", *([f"loquent.token.{token}"] if token else [])]
    socket = await websockets.connect(
        f"{server.socket_url}/api/widget/{widget.widget_id}/ws",
        subprotocols=[Subprotocol(name) for name in offered],
        open_timeout=WAIT_SECONDS,
    )
    return socket, await receive(socket)


def contacts(server: ServerProcess, key: str) -> list[str]:
    address = Request(  # noqa: S310 - our own server
        f"{server.url}/api/v1/contacts/", headers={"Authorization": f"Bearer {key}"}
    )
    with urlopen(address, timeout=WAIT_SECONDS) as response:  # noqa: S310
        return [row["email"] for row in json.load(response)["results"]]


async def test_backup_round_trip_restores_everything(
    live_server_process: StartServer, acme: Organization, tmp_path: Path, new_database: str
) -> None:
    widget = await in_database(make_widget, acme)
    _, key = await in_database(create_api_key, organization=acme, name="Shop")
    await in_database(Contact.objects.create, organization=acme, email="jane@example.com")
    server = live_server_process()
    socket, session = await come(server, widget)
    await socket.send(json.dumps({"type": "message", "content": "When do you ship?"}))
    answers = [f for f in await until(socket, "typing_stop") if f["type"] == "message"]
    # The chat goes on while the backup is made.
    restored_url = await in_database(back_up_and_restore, tmp_path, new_database)
    await socket.close()
    server.kill()

    migrate = await in_database(
        run_manage, "migrate", "--check", DATABASE_URL=restored_url, SECRET_KEY="x" * 50
    )
    assert migrate.returncode == 0, migrate.stderr
    token = str(session["session_token"])
    again = live_server_process(DATABASE_URL=restored_url)
    socket, session = await come(again, widget, token)
    assert session["resumed"] is True
    history = await receive(socket)
    assert [(m["seq"], m["role"]) for m in history["messages"]] == [(1, "user"), (2, "assistant")]
    assert history["messages"][0]["content"] == "When do you ship?"
    assert history["messages"][1]["content"] == answers[-1]["content"]
    # And goes on.
    await socket.send(json.dumps({"type": "message", "content": "What about returns?"}))
    frames = await until(socket, "typing_stop")
    assert [f["seq"] for f in frames if f["type"] == "message"] == [4]
    await socket.close()
    assert contacts(again, key) == ["jane@example.com"]
    again.terminate()

    # Without the key that the tokens were digested with, everybody begins anew.
    other = live_server_process(DATABASE_URL=restored_url, SECRET_KEY="y" * 50)
    socket, session = await come(other, widget, token)
    assert session["resumed"] is False
    await socket.close()
    other.terminate()
