"""What every admin page of tenant data does: show a member only what their organizations own."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import ForeignKey
from django.http import HttpRequest

from loquent.organizations.access import visible_organizations
from loquent.organizations.auth import needed_role
from loquent.organizations.models import Organization, Role


class TenantAdmin(admin.ModelAdmin[Any]):
    """An admin page of rows that belong to an organization.

    `organization_path` leads from the model to its organization. Only rows of organizations in
    which the member's role is enough are there at all. Foreign keys offer only rows of the
    member's own organizations, and are checked against them when the form comes back.
    """

    organization_path = "organization"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        mine = self._organizations(request, "view")
        return super().get_queryset(request).filter(**{f"{self.organization_path}__in": mine})

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        mine = visible_organizations(request.user)
        model = db_field.remote_field.model
        if model is Organization:
            kwargs["queryset"] = self._organizations(request, "add")
        elif any(field.name == "organization" for field in model._meta.fields):
            kwargs["queryset"] = model._default_manager.filter(organization__in=mine)
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and model is Organization:
            only = list(self._organizations(request, "add")[:2])
            if len(only) == 1:
                field.initial = only[0].pk
        return field

    # Django asks about the row itself only where the page passes it on.
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "view", obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "delete", obj)

    def _may(self, request: HttpRequest, action: str, obj: Any) -> bool:
        return bool(request.user.has_perm(self._permission(action), obj))

    def _organizations(self, request: HttpRequest, action: str) -> models.QuerySet[Organization]:
        """The organizations in which the member may do this to rows of this page's kind."""
        role = needed_role(self._permission(action))
        return visible_organizations(request.user, role or Role.OWNER)

    def _permission(self, action: str) -> str:
        return f"{self.opts.app_label}.{action}_{self.opts.model_name}"
