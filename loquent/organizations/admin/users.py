"""The server's users and groups in the admin, which superusers alone see."""

from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import User

from loquent.organizations.admin.lookups import DeclaredLookups


class ServerUserAdmin(DeclaredLookups, UserAdmin[User]):
    """Django's page of users, whose list accepts no column but those of its filters."""


class ServerGroupAdmin(DeclaredLookups, GroupAdmin):
    """Django's page of groups, likewise."""
