"""Register the admin pages of organizations, and define the base classes of all pages."""

from loquent.organizations.admin import organizations  # noqa: F401 - registers the pages
