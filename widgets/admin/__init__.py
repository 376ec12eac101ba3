"""The admin pages of widgets, conversations and contacts, which are registered here."""

from widgets.admin import contacts, conversations, widgets  # noqa: F401 - register the pages
