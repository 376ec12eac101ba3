"""The admin pages of users and groups, for superusers only."""

from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import User

from loquent.organizations.admin.lookups import DeclaredLookups


class ServerUserAdmin(DeclaredLookups, UserAdmin[User]):
    """Django's user page, restricted to the lookups of its filters."""


class ServerGroupAdmin(DeclaredLookups, GroupAdmin):
    """Django's group page, restricted likewise."""
