from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "loquent.organizations"
    label = "organizations"
