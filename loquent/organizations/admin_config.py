"""Django's admin, with our site in place of its own."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """Every `admin.site` is the staff's site."""

    default_site = "loquent.organizations.site.staff_site.StaffSite"
