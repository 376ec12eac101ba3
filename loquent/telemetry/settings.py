"""Django's LOGGING."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured


def logging_settings(*, level: str, formatter: str) -> dict[str, Any]:
    """Return the settings of all logs, which go to stderr. `formatter`: "line" or "json"."""
    if formatter not in {"line", "json"}:
        raise ImproperlyConfigured(f"LOG_FORMAT={formatter!r} is unknown. Use line or json.")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": "loquent.telemetry.logs.RedactingFormatter",
                "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            },
            "json": {"()": "loquent.telemetry.logs.JsonFormatter"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": formatter}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            # SQL and its parameters contain visitors' text: never log below INFO.
            "django.db.backends": {"level": "INFO"},
            "uvicorn": {"handlers": [], "propagate": True},
            # It writes a line per login.
            "axes": {"level": "WARNING"},
            # The proxy in front keeps the access log; uvicorn writes two lines per socket.
            "uvicorn.access": {"level": "WARNING"},
            "uvicorn.error": {"level": "WARNING"},
        },
    }
