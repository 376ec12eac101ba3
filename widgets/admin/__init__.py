"""Register the admin pages of widgets, conversations and contacts."""

from widgets.admin import (  # noqa: F401 - register the pages
    action_calls,
    contacts,
    conversations,
    start,
    widgets,
)
