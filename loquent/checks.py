"""System checks, which report a misconfiguration before it causes a failure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, register

MANY_WORKERS = "Or serve with one worker."


def has_secret_key() -> bool:
    """Return whether SECRET_KEY is set, or not needed because of DEBUG."""
    return settings.DEBUG or not settings.SECRET_KEY.startswith("insecure-")


@register()
def check_secret_key(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """loquent.E001: with DEBUG off, SECRET_KEY must be set."""
    if has_secret_key():
        return []
    return [
        checks.Error(
            "SECRET_KEY is not set.",
            hint="Set SECRET_KEY (or SECRET_KEY_FILE) to 50 random characters and keep them.",
            id="loquent.E001",
        )
    ]


@register()
def check_database(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """loquent.W002 / E002: SQLite serves one small machine, and only one worker."""
    if not settings.DATABASE_IS_SQLITE:
        return []
    hint = "Set DATABASE_URL=postgres://user:password@host:5432/name."
    if settings.WORKERS > 1:
        return [
            checks.Error(
                "SQLite can't be shared by several workers.",
                hint=f"{hint} {MANY_WORKERS}",
                id="loquent.E002",
            )
        ]
    if settings.DEBUG:
        return []
    return [checks.Warning("The database is SQLite.", hint=hint, id="loquent.W002")]


@register()
def check_static_files(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """loquent.W004: STATIC_ROOT needs the files of `collectstatic`, or every admin page fails."""
    if not settings.STATIC_ROOT or (Path(settings.STATIC_ROOT) / "staticfiles.json").is_file():
        return []
    return [
        checks.Warning(
            f"STATIC_ROOT={settings.STATIC_ROOT!r} has no static files.",
            hint="Run `manage.py collectstatic --no-input`, and again after each upgrade.",
            id="loquent.W004",
        )
    ]


@register()
def check_channel_layer(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """loquent.W003 / E003: without Redis, processes can't exchange events."""
    if settings.REDIS_URL:
        return []
    hint = "Set REDIS_URL=redis://host:6379/0."
    if settings.WORKERS > 1:
        return [
            checks.Error(
                "Several workers need Redis to communicate.",
                hint=f"{hint} {MANY_WORKERS}",
                id="loquent.E003",
            )
        ]
    if settings.DEBUG:
        return []
    return [
        checks.Warning(
            "The channel layer works only within this process.",
            hint=hint,
            id="loquent.W003",
        )
    ]


@register()
def check_mail(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """loquent.W005: without mail, invitations and password reset links are not sent."""
    if settings.DEBUG or (settings.EMAIL_URL and settings.DEFAULT_FROM_EMAIL_IS_SET):
        return []
    missing = "DEFAULT_FROM_EMAIL" if settings.EMAIL_URL else "EMAIL_URL"
    hint = (
        "Set DEFAULT_FROM_EMAIL=loquent@example.com, an address that your mail server may send for."
        if settings.EMAIL_URL
        else "Set EMAIL_URL=submission://user:password@host:587 and DEFAULT_FROM_EMAIL, "
        "then try it with manage.py sendtestemail."
    )
    return [checks.Warning(f"{missing} is not set.", hint=hint, id="loquent.W005")]
