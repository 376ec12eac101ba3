"""Write the audit log when rows are saved or deleted."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from auditlog.registry import auditlog as registry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.http import HttpRequest

from loquent.db.versions import read_version
from loquent.organizations.audit_entry import AuditEntry, current_request
from loquent.server.middleware import AroundMiddleware, Finish

CREATED, CHANGED, DELETED = (
    AuditEntry.Action.CREATE,
    AuditEntry.Action.UPDATE,
    AuditEntry.Action.DELETE,
)


def audit(model: type[models.Model], *fields: str) -> None:
    """Log every row of a model that is created, deleted, or changed in one of these fields.

    Only named fields are logged, so that secrets, digests and visitors' messages never are.
    """
    registry.register(model, include_fields=list(fields))


def record(instance: models.Model, action: int, changes: dict[str, tuple[object, object]]) -> None:
    """Log a change of many rows by one statement, which sends no signals."""
    texts = {name: [str(old), str(new)] for name, (old, new) in changes.items() if old != new}
    if texts or action != CHANGED:
        AuditEntry.objects.log_create(instance, force_log=True, action=action, changes=texts)


def changed_since(row: models.Model, version: str) -> set[str] | None:
    """Return the fields of a row that were changed after it had this version.

    None if unknown: the version can't be parsed, or the model isn't logged.
    """
    since = read_version(version)
    if since is None or not registry.contains(type(row)):
        return None
    changes = logged_since(type(row), since).filter(object_pk=str(row.pk), action=CHANGED)
    return {name for names in changes.values_list("changes", flat=True) for name in names or {}}


def logged_since(model: type[models.Model], since: datetime) -> models.QuerySet[AuditEntry]:
    """Return the log entries about rows of a model that were saved after that version.

    The entry is written before the row is saved, and so before the row's version.
    """
    kind = ContentType.objects.get_for_model(model)
    entries: models.QuerySet[AuditEntry] = AuditEntry.objects.filter(
        content_type=kind, timestamp__gt=since
    )
    return entries


def values(instance: models.Model, fields: Iterable[str]) -> dict[str, object]:
    """Return the values of these fields now, to compare with later ones."""
    return {name: getattr(instance, name) for name in fields}


class AuditMiddleware(AroundMiddleware):
    """Makes the current request available to the log."""

    @contextmanager
    def around(self, request: HttpRequest) -> Iterator[Finish]:
        token = current_request.set(request)
        try:
            yield lambda response: response
        finally:
            current_request.reset(token)
