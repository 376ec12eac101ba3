"""The application of a Channels tutorial, on Daphne."""

from urllib.parse import urlsplit

import psycopg

from benchmarks.dialects import PlainDialect
from benchmarks.environments import environment
from benchmarks.stage import Contestant, Stage
from loquent.testing.ports import free_port

DATABASE = "tutorial"


def start_tutorial(stage: Stage) -> Contestant:
    """Start it, on a database of its own. Raises NotInstalledError."""
    python = str(environment("tutorial") / "python")
    with psycopg.connect(stage.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
    port = free_port()
    process = stage.start(
        "tutorial",
        (
            "-m",
            "daphne",
            "-b",
            "127.0.0.1",
            "-p",
            str(port),
            "benchmarks.apps.tutorial:application",
        ),
        port,
        python=python,
        variables={
            "DATABASE_NAME": DATABASE,
            "DATABASE_PORT": str(urlsplit(stage.database_url).port),
            "REDIS_URL": stage.redis_url,
            "OPENAI_BASE_URL": stage.model_url,
        },
    )
    return Contestant("tutorial", process, PlainDialect)
