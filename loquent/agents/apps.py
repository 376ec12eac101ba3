from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "loquent.agents"
    label = "agents"
    verbose_name = "Assistants"

    def ready(self) -> None:
        """Keep vectors in the database."""
        from loquent.agents.search.vectors import use_store  # noqa: PLC0415
        from loquent.agents.services.vectors import DatabaseVectors  # noqa: PLC0415

        use_store(DatabaseVectors())
