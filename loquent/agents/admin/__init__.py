"""The admin pages of text agents, which are registered here."""

from loquent.agents.admin import agents  # noqa: F401 - registers the pages
