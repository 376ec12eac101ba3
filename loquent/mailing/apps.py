from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class MailingConfig(AppConfig):
    name = "loquent.mailing"
    label = "mailing"
    verbose_name = "Mail"

    def ready(self) -> None:
        """Import every app's `letters` module, so that a worker knows all kinds of mail."""
        autodiscover_modules("letters")
