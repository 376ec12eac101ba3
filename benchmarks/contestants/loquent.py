"""Our server: `manage.py serve` as in production, with every check on and no limit reached."""

import json
import uuid
from collections.abc import Mapping, Sequence

from benchmarks.contestants.loquent_dialect import LoquentDialect
from benchmarks.processes import Process
from benchmarks.stage import Contestant, Stage
from loquent.testing.ports import free_port

ORIGIN = "https://shop.example.com"
# Rates are taken and sockets counted as ever; all visitors come from one address here, and talk
# without a pause.
MANY = str(10**9)
LIMITS = {
    f"LIMIT_{name}": MANY
    for name in (
        "MESSAGES_BURST", "MESSAGES_PER_MINUTE", "MESSAGES_PER_DAY", "MESSAGES_PER_MINUTE_PER_IP",
        "FRAMES_PER_MINUTE", "FRAMES_PER_MINUTE_PER_IP", "HANDSHAKES_BURST",
        "HANDSHAKES_PER_MINUTE_PER_IP", "SESSIONS_BURST", "SESSIONS_PER_HOUR_PER_IP",
        "CONTACT_INFO_PER_HOUR", "SOCKETS_PER_IP", "MODEL_CALLS", "MODEL_CALLS_PER_WIDGET",
    )
}  # fmt: skip


class LoquentSite:
    """One database with widgets, on which servers can be started."""

    def __init__(self, stage: Stage, more: Mapping[str, str] | None = None) -> None:
        """`more`: settings beside the usual ones."""
        self._stage = stage
        self._variables = {
            "DEBUG": "0",
            "SECRET_KEY": "a key for measurements only, as long as a key should be",
            "DATABASE_URL": stage.database_url,
            "REDIS_URL": stage.redis_url,
            "OPENAI_BASE_URL": stage.model_url,
            "LOG_LEVEL": "WARNING",
            **LIMITS,
            **(more or {}),
        }
        self.widget_id = stage.run(("-m", "benchmarks.product.seed"), self._variables)

    def grow(self, what: str, count: int) -> list[str]:
        """Fill its tables (benchmarks/product/grow.py); gives what visitors need to know."""
        command = ("-m", "benchmarks.product.grow", what, str(count))
        told: list[str] | None = json.loads(self._stage.run(command, self._variables))
        return told or []

    def reader(self) -> tuple[str, str]:
        """The id of the agent, and an API key."""
        agent_id, key = json.loads(
            self._stage.run(("-m", "benchmarks.product.reader"), self._variables)
        )
        return agent_id, key

    def start(self, *, workers: int = 1, name: str = "loquent") -> Contestant:
        """A server of so many processes."""
        port = free_port()
        process = self._stage.start(
            name,
            ("manage.py", "serve", "--port", str(port), "--workers", str(workers)),
            port,
            variables={**self._variables, "SITE_URL": f"http://127.0.0.1:{port}"},
        )
        return Contestant(name, process, self.dialect)

    def start_worker(self) -> Process:
        """A worker that runs the jobs."""
        return self._stage.start("worker", ("manage.py", "work"), 0, variables=self._variables)

    def dialect(
        self,
        *,
        widget_ids: list[str] | None = None,
        tokens: Sequence[str] = (),
        contacts: int = 0,
    ) -> LoquentDialect:
        """What visitors say in one run; for the arguments see LoquentDialect."""
        return LoquentDialect(
            widget_ids or [self.widget_id],
            origin=ORIGIN,
            run=uuid.uuid4().hex[:12],
            tokens=tokens,
            contacts=contacts,
        )
