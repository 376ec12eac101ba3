"""Check the endpoints of the models that agents use."""

import asyncio
from collections.abc import Iterator

from django.db import DatabaseError

from loquent.agents.backends.base import Backend
from loquent.agents.backends.registry import BACKENDS
from loquent.agents.models import TextAgent
from loquent.management.doctor.findings import Finding, Level


def check_models() -> Iterator[Finding]:
    """Check each endpoint that an agent uses, without using tokens."""
    for backend in BACKENDS.values():
        if is_used(backend) and (found := asyncio.run(backend.check())):
            yield Finding("model", Level(found.level), found.message, found.hint)


def is_used(backend: Backend) -> bool:
    """Return whether an agent uses the backend; without a database, whether it is configured."""
    try:
        return TextAgent.objects.filter(model__startswith=f"{backend.provider}:").exists()
    except DatabaseError:
        return backend.is_configured()
