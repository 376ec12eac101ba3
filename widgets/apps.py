from django.apps import AppConfig


class WidgetsConfig(AppConfig):
    name = "widgets"

    def ready(self) -> None:
        # Connects the signals of members who leave.
        from widgets.services.handoff import leaving  # noqa: F401, PLC0415
