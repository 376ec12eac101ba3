"""The admin pages of organizations, which are registered here, and the bases of every page."""

from loquent.organizations.admin import organizations  # noqa: F401 - registers the pages
