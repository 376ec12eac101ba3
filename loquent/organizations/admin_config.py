"""Replace the default admin site with ours."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """Makes `admin.site` the staff site."""

    default_site = "loquent.organizations.site.staff_site.StaffSite"
