"""The admin pages of text agents, which are registered here."""

from loquent.agents.admin import actions, agents, connections  # noqa: F401 - registers the pages
