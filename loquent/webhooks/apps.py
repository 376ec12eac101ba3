from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "loquent.webhooks"
    label = "webhooks"
    verbose_name = "Webhooks"
