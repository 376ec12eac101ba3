"""Define organizations, their members, invitations and API keys."""

import zoneinfo
from typing import Any

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.deletion import Collector
from django.utils import timezone

from loquent.db.models import BaseModel
from loquent.organizations.audit import audit
from loquent.organizations.business_hours import validate_business_hours, validate_holidays


class Role(models.TextChoices):
    """A viewer reads, an operator also answers visitors, an admin also changes settings.

    An owner also manages members and keys.
    """

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    OPERATOR = "operator", "Operator"
    VIEWER = "viewer", "Viewer"


def validate_timezone(value: str) -> None:
    """Raise unless the name is an IANA time zone."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(f"{value!r} is not a time zone. Use a name like Europe/Zurich.")


def validate_phone_region(value: str) -> None:
    """Raise unless it is empty or an ISO 3166 region with telephone numbers."""
    if value and value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValidationError(f"{value!r} is not a region. Use two letters like CH.")


# The manager of its audit entries is django-auditlog's, which is untyped.
class Organization(BaseModel):  # type: ignore[django-manager-missing]
    """A tenant: every other row belongs to exactly one."""

    name = models.CharField(max_length=100)
    timezone = models.CharField(
        "time zone",
        max_length=64,
        default="UTC",
        validators=[validate_timezone],
        help_text="Daily limits and statistics start at midnight in this time zone.",
    )
    default_phone_region = models.CharField(
        max_length=2,
        blank=True,
        validators=[validate_phone_region],
        help_text="Two letters, such as CH. Used for phone numbers without a country code.",
    )
    # Shown to visitors on the contact card.
    website = models.URLField(max_length=300, blank=True)
    # Said during set-up; the chat's own page replaces the site.
    has_no_website = models.BooleanField(default=False)
    # Whether a member took the set-up checklist off the start page.
    has_hidden_setup = models.BooleanField(default=False, db_default=False, editable=False)
    phone = models.CharField(
        max_length=40, blank=True, help_text="With the country code. Visitors can call it."
    )
    email = models.EmailField(blank=True, help_text="Visitors can write to this address.")
    address = models.TextField(
        max_length=300, blank=True, help_text="Street and town, as on an envelope."
    )
    business_hours = models.JSONField(null=True, blank=True, validators=[validate_business_hours])
    holidays = models.JSONField(default=list, blank=True, validators=[validate_holidays])
    retention_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Delete conversations this many days after their last activity. Empty: never.",
    )
    daily_token_budget = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Model tokens per day for all agents together. Empty: no limit. 0: no tokens.",
    )

    # Read with every chat message, so that an organization without webhooks pays nothing for them.
    has_webhooks = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Availability(models.TextChoices):
    """Whether a member says that they can answer now."""

    ONLINE = "online", "Online"
    AWAY = "away", "Away"


class Membership(BaseModel):
    """A user's role in an organization."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VIEWER)
    is_away = models.BooleanField(default=False, db_default=False, editable=False)
    # When the member is online again; null: they say so themselves.
    away_until = models.DateTimeField(null=True, editable=False)
    # Whether they get an email about a visitor who waits.
    wants_mail = models.BooleanField("email", default=True, db_default=True)
    # When they last used a conversation's page, to about half a minute.
    seen_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "member"
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_unique"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"

    @property
    def public_name(self) -> str:
        """Return the name that visitors read; never the email address."""
        return self.user.get_full_name() or self.user.get_username().partition("@")[0]

    @property
    def availability(self) -> str:
        """Return whether the member says that they can answer now."""
        is_over = self.away_until is not None and self.away_until <= timezone.now()
        away = self.is_away and not is_over
        return Availability.AWAY.value if away else Availability.ONLINE.value


class Scope(models.TextChoices):
    """What an API key may do."""

    READ = "read", "Read"
    WRITE = "write", "Read and write"


class Invitation(BaseModel):
    """An open invitation. Its link holds a token, of which only the digest is stored."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.CharField(max_length=150)
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VIEWER)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="invitations_made",
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "email"], name="invitation_unique"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="invitation_role_known"
            ),
        ]

    def __str__(self) -> str:
        return self.email


def revoke_with_maker(
    collector: Collector,
    field: models.ForeignKey[Any, Any],
    sub_objs: models.QuerySet["ApiKey"],
    using: str,
) -> None:
    """Revoke the API keys of a user whose account is deleted (`on_delete`).

    A key without a creator predates creators, or was created by the server, and stays valid.
    """
    keys = list(sub_objs)
    in_force = [key for key in keys if key.revoked_at is None]
    revoked_at: Any = ApiKey._meta.get_field("revoked_at")
    collector.add_field_update(field, None, keys)
    collector.add_field_update(revoked_at, timezone.now(), in_force)


class ApiKey(BaseModel):
    """A key for the REST API. The key is shown once; only its digest is stored."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="api_keys"
    )
    name = models.CharField(max_length=100)
    scope = models.CharField(
        max_length=16,
        choices=Scope.choices,
        default=Scope.WRITE,
        # Lets processes of the previous version create keys during a rolling deploy.
        db_default=Scope.WRITE.value,
        # Set when the key is created (`create_api_key`), and never changed.
        help_text="What a program can do with the key: read all data, or read and change it.",
    )
    # Null: created by the server or an earlier release, or the user was deleted.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=revoke_with_maker,
        related_name="api_keys_made",
    )
    prefix = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scope__in=Scope.values), name="api_key_scope_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class KnownNetwork(BaseModel):
    """A network from which an account has logged in. Only a keyed digest of both is stored."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="known_networks"
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    last_used_at = models.DateTimeField(editable=False)

    def __str__(self) -> str:
        return f"Network of {self.user}"


class IdempotentRequest(BaseModel):
    """A POST request with an Idempotency-Key, and its response.

    Written in the same transaction as the request's effects, so that both exist or neither.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="idempotent_requests"
    )
    caller = models.CharField(max_length=64, help_text="The user or API key that sent it.")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "caller", "key"], name="idempotent_request_unique"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotent_request_age")]

    def __str__(self) -> str:
        return f"Request of {self.caller}"


audit(
    Organization, "name", "timezone", "default_phone_region", "website", "phone", "email",
    "address", "business_hours", "holidays", "retention_days", "daily_token_budget",
)  # fmt: skip
audit(Membership, "user", "role")
audit(Invitation, "email", "role", "expires_at")
audit(ApiKey, "name", "prefix", "scope", "created_by", "revoked_at")
