"""The platform itself, as an app: its commands and system checks."""

from django.apps import AppConfig


class LoquentConfig(AppConfig):
    name = "loquent"
    verbose_name = "Loquent"

    def ready(self) -> None:
        from loquent import checks, deploy_checks  # noqa: F401, PLC0415 - registers the checks
        from loquent.db import folded  # noqa: F401, PLC0415 - registers the lookup
