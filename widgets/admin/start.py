"""Register the pages of the admin that belong to no model."""

from typing import cast

from django.contrib import admin

from loquent.organizations.site.staff_site import StaffPage, StaffSite
from widgets.admin.overview import overview_csv, overview_page

site = cast("StaffSite", admin.site)
site.home = overview_page
site.pages += [StaffPage("overview_csv", "overview.csv", overview_csv)]
