from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "loquent.agents"
    label = "agents"
    verbose_name = "Assistants"

    def ready(self) -> None:
        """Keep vectors in the database; let connections compute them."""
        from loquent.agents.backends.embeddings import embedder_of  # noqa: PLC0415
        from loquent.agents.search.embedder import use_endpoints  # noqa: PLC0415
        from loquent.agents.search.vectors import use_store  # noqa: PLC0415
        from loquent.agents.services.vectors import DatabaseVectors  # noqa: PLC0415

        use_store(DatabaseVectors())
        use_endpoints(embedder_of)
