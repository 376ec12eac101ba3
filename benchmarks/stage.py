"""What all servers share while they are measured: PostgreSQL, Redis, and the model."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.dialects import Dialect
from benchmarks.processes import Process
from loquent.testing.ports import free_port
from loquent.testing.rig import Service, own_home, start_postgresql, start_redis

ROOT = Path(__file__).parents[1]


@dataclass(slots=True)
class Contestant:
    """A server that runs, and how its visitors talk."""

    name: str
    process: Process
    dialect: Callable[[], Dialect]


class Stage:
    """`with Stage() as stage:` everything that a server may need is there."""

    postgresql: Service
    redis: Service
    database_url: str
    redis_url: str
    model: Process

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._names = 0
        # What runs here already, by name: a server is started once.
        self.contestants: dict[str, Contestant] = {}

    def __enter__(self) -> Self:
        with self._stack as stack:
            self.home = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="loquent-benchmarks-"))
            )
            own_home(self.home)
            self.postgresql, self.database_url = start_postgresql(self.home, fsync=True)
            stack.callback(self.postgresql.end)
            self.redis, self.redis_url = start_redis(self.home)
            stack.callback(self.redis.end)
            port = free_port()
            self.model = self.start("model", ("-m", "benchmarks.model", "--port", str(port)), port)
            self.postgresql.wait_until_ready()
            self.redis.wait_until_ready()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def model_url(self) -> str:
        """The base address of the model's endpoint."""
        return f"http://127.0.0.1:{self.model.port}/v1"

    def pids(self) -> dict[str, int]:
        """The processes that all servers share, by name."""
        return {
            "model": self.model.pid,
            "postgresql": self.postgresql.pid,
            "redis": self.redis.pid,
        }

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """A plain environment: what this process inherited decides nothing."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {"PYTHONPATH": str(ROOT)} | dict(variables)

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        port: int,
        *,
        python: str = sys.executable,
        folder: Path = ROOT,
        variables: Mapping[str, str] | None = None,
    ) -> Process:
        """Start a Python process that listens on the port (0: on none), and wait until it does."""
        self._names += 1
        process = Process(
            f"{name}-{self._names}",
            (python, *arguments),
            home=self.home,
            port=port,
            environment=self.environment(variables or {}),
            folder=folder,
        )
        self._stack.callback(process.end)
        if port:
            process.wait_until_ready()
        return process

    def run(self, arguments: Sequence[str], variables: Mapping[str, str]) -> str:
        """Run a Python process to its end; gives what it prints."""
        done = subprocess.run(
            (sys.executable, *arguments),
            cwd=ROOT,
            env=self.environment(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stderr[-3_000:]}")
        return done.stdout
