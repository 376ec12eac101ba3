"""Define the rows of the audit log: who changed what, and when, in an organization."""

from contextvars import ContextVar
from typing import Any

from auditlog.models import AbstractLogEntry, LogEntryManager
from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.http import HttpRequest

# Long texts are truncated: the log records that something changed, and is no copy of it.
MAX_VALUE = 300
SERVER = "The server"
# The request that this thread or task handles; None in commands and visitors' sockets.
current_request: ContextVar[HttpRequest | None] = ContextVar("audit_request", default=None)


class AuditManager(LogEntryManager):  # type: ignore[misc]
    """Creates entries with their organization and the current actor."""

    def log_create(self, instance: Any, force_log: bool = False, **kwargs: Any) -> Any:
        organization_id = organization_of(instance)
        if (
            kwargs.get("action") == AbstractLogEntry.Action.DELETE
            and organization_id == instance.pk
        ):
            # When an organization is deleted, its log is deleted with it.
            self.filter(organization_id=organization_id).delete()
            return None
        actor, name = current_actor()
        changes = kwargs.get("changes")
        if isinstance(changes, dict):
            kwargs["changes"] = {
                field: [clipped(value) for value in pair] for field, pair in changes.items()
            }
        return super().log_create(
            instance,
            force_log,
            organization_id=organization_id,
            actor=actor,
            actor_name=name,
            **kwargs,
        )


class AuditEntry(AbstractLogEntry):  # type: ignore[misc]
    """One change of one row. `changes`: the old and the new value per field, as text."""

    # No constraint, because rows deleted with their organization write their last entry before it.
    organization = models.ForeignKey(
        "organizations.Organization",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="audit_entries",
    )
    # The package gives these no related names, which hides them from models, but not from the ORM.
    content_type = models.ForeignKey(
        "contenttypes.ContentType", on_delete=models.CASCADE, related_name="audit_entries"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="audit_entries",
    )
    actor_name = models.CharField("user", max_length=254)

    objects = AuditManager()

    class Meta:
        ordering = ["-timestamp", "-id"]
        verbose_name = "change"
        verbose_name_plural = "changes"
        indexes = [
            models.Index(fields=["organization", "-timestamp", "-id"], name="audit_of_organization")
        ]

    def __str__(self) -> str:
        return str(self.object_repr)


def organization_of(instance: Any) -> Any:
    """Return the id of the organization that a row belongs to, or is."""
    if hasattr(instance, "organization_id"):
        return instance.organization_id
    if hasattr(instance, "agent"):
        return instance.agent.organization_id
    return instance.pk


def current_actor() -> tuple[User | None, str]:
    """Return the user, if any, and the name of the member or API key behind the current request."""
    request = current_request.get()
    if request is None:
        return None, SERVER
    key = getattr(request, "auth", None)
    if key is not None:
        return None, f"API key {key}"[:254]
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None, SERVER
    return user, str(user)[:254]


def clipped(value: str) -> str:
    """Return a value as the log stores it, truncated."""
    return value if len(value) <= MAX_VALUE else f"{value[: MAX_VALUE - 1]}…"
