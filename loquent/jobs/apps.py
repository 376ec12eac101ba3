from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "loquent.jobs"
    label = "jobs"
    verbose_name = "Background jobs"

    def ready(self) -> None:
        """Import every app's `tasks` module, so that a worker knows all kinds of jobs."""
        autodiscover_modules("tasks")
