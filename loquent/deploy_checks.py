"""System checks of `check --deploy`, which `manage.py doctor` runs, too."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004
from django.http.request import validate_host

SECRET_CHARS = 40
SECRET_DIFFERENT = 12
METRICS_TOKEN_CHARS = 16
LOCAL_NAMES = (".localhost", ".local", ".invalid", ".test", ".internal", ".127.0.0.1")


@register(deploy=True)
def check_secret_key(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """loquent.E006: SECRET_KEY must be long and random."""
    key = settings.SECRET_KEY
    weak = len(key) < SECRET_CHARS or len(set(key)) < SECRET_DIFFERENT
    if not weak and not key.startswith(("insecure-", "django-insecure-")):
        return []
    return [
        Error(
            "SECRET_KEY is missing or easy to guess: anyone who knows it can log in as any user.",
            hint="python3 -c 'import secrets; print(secrets.token_urlsafe(50))'",
            id="loquent.E006",
        )
    ]


@register(deploy=True)
def check_debug(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """loquent.E007: DEBUG must be off."""
    if not settings.DEBUG:
        return []
    return [
        Error(
            "DEBUG is on: error pages show settings and source code.",
            hint="Set DEBUG=0.",
            id="loquent.E007",
        )
    ]


@register(deploy=True)
def check_site_url(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """loquent.E008: SITE_URL must be https."""
    if settings.SITE_IS_HTTPS:
        return []
    return [
        Error(
            f"SITE_URL={settings.SITE_URL} is not https: pages over https can't open the chat.",
            hint="Get a certificate (Caddy does so automatically), and set SITE_URL=https://…",
            id="loquent.E008",
        )
    ]


@register(deploy=True)
def check_push_sender(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """loquent.W011: SITE_URL, the sender of push messages, must be a public address."""
    host = str(urlsplit(settings.SITE_URL).hostname).lower()
    name = f".{host}"
    if not settings.SITE_IS_HTTPS or not ("." not in host or name.endswith(LOCAL_NAMES)):
        return []
    return [
        Warning(
            f"SITE_URL={settings.SITE_URL} is not a public address: Apple's push service refuses "
            "its messages.",
            hint="Use a public host name, or do without push messages on Apple devices.",
            id="loquent.W011",
        )
    ]


@register(deploy=True)
def check_allowed_hosts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """loquent.W009 / E009: ALLOWED_HOSTS needs the host of SITE_URL, and no `*`."""
    name = str(urlsplit(settings.SITE_URL).hostname)
    host = f"[{name}]" if ":" in name else name
    if "*" in settings.ALLOWED_HOSTS:
        return [
            Warning(
                "ALLOWED_HOSTS contains *: the server accepts any host name.",
                hint="List the host names, or leave it unset.",
                id="loquent.W009",
            )
        ]
    if validate_host(host, settings.ALLOWED_HOSTS):
        return []
    return [
        Error(
            f"ALLOWED_HOSTS lacks {host}, the host of SITE_URL: every request gets a 400.",
            hint=f"Add {host}, or leave ALLOWED_HOSTS unset.",
            id="loquent.E009",
        )
    ]


@register(deploy=True)
def check_metrics(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """loquent.E010 / W010: /metrics must not be open to the world."""
    everybody = [net for net in settings.METRICS_ALLOW if net.prefixlen == 0]
    if everybody:
        return [
            Error(
                f"METRICS_ALLOW contains {everybody[0]}: anyone can read /metrics.",
                hint="List only the machines that read it, such as 10.0.0.0/8.",
                id="loquent.E010",
            )
        ]
    if 0 < len(settings.METRICS_TOKEN) < METRICS_TOKEN_CHARS:
        return [
            Warning("METRICS_TOKEN is short.", hint="Use 32 random characters.", id="loquent.W010")
        ]
    return []
