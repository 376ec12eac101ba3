from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "loquent.agents"
    label = "agents"
    verbose_name = "Text agents"
