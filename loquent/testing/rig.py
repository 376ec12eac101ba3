"""`python -m loquent.testing.rig COMMAND …`: run a command with a throw-away PostgreSQL and Redis.

Both listen on free ports of 127.0.0.1 and keep their data in a temporary directory; the command
finds them in DATABASE_URL and REDIS_URL. Whatever ends the command, they end with it. Only the
standard library is needed, and Debian's packages (`python -m loquent.testing.packages`).
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from loquent.testing.packages import postgresql_programs
from loquent.testing.ports import free_port

# A loaded machine is slow, not broken.
READY_SECONDS = 120
END_SECONDS = 20
POSTGRES_USER = "postgres"


class RigError(Exception):
    """Raised if a server can't be started."""


class Interrupted(BaseException):
    """Raised if the rig receives SIGTERM."""


class Service:
    """A server process that this program starts, waits for, and ends by its pid."""

    def __init__(
        self, name: str, command: Sequence[str], *, home: Path, port: int, stop: signal.Signals
    ) -> None:
        self._name = name
        self._log = home / f"{name}.log"
        self._port = port
        self._stop = stop
        self._command = command
        self._home = home
        self._process = self._launch()

    def _launch(self) -> subprocess.Popen[Any]:
        with self._log.open("ab") as log:
            # Its own session: Ctrl-C in the terminal is meant for the command.
            return subprocess.Popen(
                self._command,
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **_unprivileged(),
            )

    @property
    def pid(self) -> int:
        """Return the started process; its children may do the work."""
        return self._process.pid

    def start_again(self) -> None:
        """Start it again after `end`, with its port and data, and wait until it is ready."""
        self._process = self._launch()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until it accepts connections."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RigError(f"{self._name} doesn't start:\n{self._log.read_text(errors='replace')}")

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the process and all its children, such as SIGSTOP to freeze them."""
        os.kill(self._process.pid, number)
        for pid in _children(self._process.pid):
            os.kill(pid, number)

    def end(self) -> None:
        """Stop it, and wait until it has ended."""
        if self._process.poll() is None:
            self._process.send_signal(self._stop)
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # "pid (name) state ppid …"; the name may have spaces and brackets.
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def _unprivileged() -> dict[str, Any]:
    """Return Popen arguments that drop root privileges: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(POSTGRES_USER)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def own_home(home: Path) -> None:
    """Let the servers write to a directory that root created."""
    if os.geteuid() == 0:
        shutil.chown(home, POSTGRES_USER)


def init_postgresql(data: Path) -> None:
    """Create an empty PostgreSQL cluster in a folder that does not exist yet."""
    init = [
        *(str(_postgresql() / "initdb"), "--pgdata", str(data), "--username", POSTGRES_USER),
        *("--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
    ]
    made = subprocess.run(
        init,
        cwd=data.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **_unprivileged(),
    )
    if made.returncode:
        raise RigError(f"initdb failed:\n{made.stdout}{made.stderr}")


def _postgresql() -> Path:
    programs = postgresql_programs()
    if programs is None:
        raise RigError("PostgreSQL is not installed: apt-get install postgresql")
    return programs


def start_postgresql(
    home: Path, *, fsync: bool = True, template: Path | None = None
) -> tuple[Service, str]:
    """Start PostgreSQL on a copy of the `template` cluster, or an empty one; return its URL, too.

    Without `fsync` it doesn't wait for the disk: right for tests that empty all tables after
    each, as no power cut is among them.
    """
    data = home / "postgresql"
    if template is None:
        init_postgresql(data)
    else:
        # `cp` keeps the owner; a copy made by Python would belong to root.
        subprocess.run(["cp", "-a", str(template), str(data)], check=True)
    port = free_port()
    command = [
        *(str(_postgresql() / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port)),
        *("-k", str(home), "-c", "max_connections=200"),
        *("-c", f"fsync={'on' if fsync else 'off'}"),
    ]
    # SIGINT is PostgreSQL's fast shutdown: it doesn't wait for its clients.
    service = Service("postgresql-log", command, home=home, port=port, stop=signal.SIGINT)
    return service, f"postgres://{POSTGRES_USER}@127.0.0.1:{port}/postgres"


def start_redis(home: Path) -> tuple[Service, str]:
    """Start Redis without persistence; return it and its REDIS_URL."""
    program = shutil.which("redis-server")
    if program is None:
        raise RigError("Redis is not installed: apt-get install redis-server")
    port = free_port()
    command = [
        *(program, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(home)),
        *("--save", "", "--appendonly", "no", "--daemonize", "no"),
    ]
    service = Service("redis-log", command, home=home, port=port, stop=signal.SIGTERM)
    return service, f"redis://127.0.0.1:{port}/0"


def run(command: Sequence[str]) -> int:
    """Run the command with both servers; return its exit status."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="loquent-rig-")))
        own_home(home)
        environment = dict(os.environ)
        for variable, start in (
            ("DATABASE_URL", partial(start_postgresql, fsync=False)),
            ("REDIS_URL", start_redis),
        ):
            service, environment[variable] = start(home)
            stack.callback(service.end)
            service.wait_until_ready()
        return _run_beside(command, environment)


def _run_beside(command: Sequence[str], environment: dict[str, str]) -> int:
    process = subprocess.Popen(command, env=environment)
    try:
        return process.wait()
    except (KeyboardInterrupt, Interrupted) as how:
        # Ctrl-C in the terminal has also reached the command.
        if isinstance(how, Interrupted):
            process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return 130


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Interrupted


def main() -> int:
    """Run the command line."""
    if len(sys.argv) < 2:
        sys.stderr.write("usage: python -m loquent.testing.rig COMMAND …\n")
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return run(sys.argv[1:])
    except RigError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (KeyboardInterrupt, Interrupted):
        return 130


if __name__ == "__main__":
    sys.exit(main())
