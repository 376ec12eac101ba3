"""The admin pages of webhooks, which are registered here."""

from loquent.webhooks.admin import deliveries, endpoints  # noqa: F401 - registers the pages
