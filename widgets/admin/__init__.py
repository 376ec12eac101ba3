"""Register the admin pages of widgets, conversations and contacts."""

from widgets.admin import contacts, conversations, start, widgets  # noqa: F401 - register the pages
