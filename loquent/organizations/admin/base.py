"""The base of all admin pages of tenant data: members see only their organizations' rows."""

import uuid
from typing import Any

from auditlog.registry import auditlog as registry
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db import models
from django.db.models import ForeignKey
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from loquent.errors import ApplicationError
from loquent.organizations.access import has_role, visible_organizations
from loquent.organizations.admin.deletion import count_dependents, find_holders
from loquent.organizations.admin.forms import ServiceForm
from loquent.organizations.admin.lists import ListAdmin
from loquent.organizations.backends import needed_role
from loquent.organizations.models import Organization, Role
from loquent.organizations.site.current import current_organization
from loquent.organizations.site.staff_site import Nav
from loquent.server.large_bodies import accepts_large_bodies

# The request attribute that holds a service's refusal.
REFUSAL = "loquent.refusal"
# The most rows named on the delete confirmation page; further ones are only counted.
MOST_NAMED = 100
# Each row is a form field of the confirmation (DATA_UPLOAD_MAX_NUMBER_FIELDS).
MOST_DELETED = 4_000


class TenantAdmin(ListAdmin):
    """An admin page of rows that belong to an organization.

    `organization_path` is the lookup from the model to its organization. A list shows the rows of
    the current organization; a link to a row in another of the member's organizations works, and
    the page names that organization. Rows of organizations in which the member's role is
    insufficient return 404. Foreign keys offer only rows of the page's organization, and are
    validated against the member's organizations when the form is submitted.
    """

    nav: Nav
    organization_path = "organization"
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER

    def get_urls(self) -> list[URLPattern]:
        """Accept long texts in forms, and up to MOST_DELETED rows in a delete confirmation."""
        urls = super().get_urls()
        for url in urls:
            if url.name and url.name.endswith(("_changelist", "_add", "_change")):
                accepts_large_bodies(url.callback)
        return urls

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        mine = self._organizations(request, "view")
        current = current_organization(request)
        if current is not None and self.is_list(request):
            mine = mine.filter(id=current.id)
        return rows.filter(**{f"{self.organization_path}__in": mine})

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Add an organization filter for users who see all organizations in one list."""
        filters = list(super().get_list_filter(request))
        if current_organization(request) is None and self.model is not Organization:
            filters.insert(0, (self.organization_path, admin.RelatedOnlyFieldListFilter))
        return filters

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = super().get_list_display(request)
        if current_organization(request) is None:
            return columns
        return [column for column in columns if column != "organization"]

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        mine = visible_organizations(request.user)
        model = db_field.remote_field.model
        if model is Organization:
            return self._organization_field(db_field, request, **kwargs)
        if any(field.name == "organization" for field in model._meta.fields):
            page_of = self._organization_of_page(request)
            kwargs["queryset"] = model._default_manager.filter(
                **({"organization": page_of} if page_of else {"organization__in": mine})
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Omit Django's related-object links, which open a new window, beside each choice."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        if issubclass(form, ServiceForm):
            form.refusal = request.META.get(REFUSAL)
        return form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the form again, with the input, if a service refuses to save it."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ApplicationError as error:
            if not issubclass(self.form, ServiceForm):
                raise
            request.META[REFUSAL] = error
        return super().changeform_view(request, *args, **kwargs)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": self.nav.title or self.nav.label, **(extra_context or {})}
        return super().changelist_view(request, context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context.get("original")
        context["title"] = str(row) if row is not None else f"New {self.opts.verbose_name}"
        context["subtitle"] = None
        context["show_save_and_add_another"] = False
        context["adminform"].form.label_suffix = ""
        context["lq_elsewhere"] = self.elsewhere(request, row)
        return super().render_change_form(request, context, *args, **kwargs)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"lq_elsewhere": self.elsewhere(request, self.get_object(request, object_id))}
        return super().delete_view(request, object_id, {**context, **(extra_context or {})})

    def response_action(
        self, request: HttpRequest, queryset: models.QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Limit bulk deletion to the rows that the confirmation form can submit."""
        is_all = request.POST.get("select_across") == "1"
        if is_all and "delete_selected" in request.POST.getlist("action"):
            rows = len(queryset.order_by().values_list("pk")[: MOST_DELETED + 1])
            if rows > MOST_DELETED:
                text = (
                    f"You can delete at most {MOST_DELETED:,} rows at once. Use a filter to "
                    "select fewer."
                )
                self.message_user(request, text, messages.WARNING)
                return HttpResponseRedirect(request.get_full_path())
        return super().response_action(request, queryset, *args, **kwargs)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the rows, and count the rows deleted with them.

        A user who may delete a row may delete everything that depends on it, including rows such as
        counts that no one may delete directly.
        """
        rows = list(objs)
        counts = {self.model: len(rows), **count_dependents(rows)}
        may_not = any(not self.has_delete_permission(request, row) for row in rows)
        missing = {self.opts.verbose_name} if may_not else set()
        held = [line for holders in find_holders(rows) for line in self._named(holders)]
        kinds = {kind._meta.verbose_name_plural: count for kind, count in counts.items()}
        return self._named(rows), kinds, missing, held

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        context = {
            "lq_elsewhere": self.elsewhere(request, row),
            "lq_audit_url": self._audit_url(request, row),
        }
        return super().history_view(request, object_id, {**context, **(extra_context or {})})

    # Django includes the row itself only if the page passes it.
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "view", obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Accept a form that was opened before a switch of organizations.
        if request.method == "POST":
            return bool(request.user.has_perm(self._permission("add")))
        return self._may(request, "add", None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, "delete", obj)

    def organization_of(self, row: Any) -> Organization:
        """Return the organization that a row belongs to."""
        if isinstance(row, Organization):
            return row
        for name in self.organization_path.split("__"):
            row = getattr(row, name)
        organization: Organization = row
        return organization

    def _may(self, request: HttpRequest, action: str, obj: Any) -> bool:
        about = obj if obj is not None else current_organization(request)
        permission = self._permission(action)
        if obj is None and about is not None:
            role = needed_role(permission)
            if role is not None:
                return has_role(request.user, role, about.id)
            about = None
        return bool(request.user.has_perm(permission, about))

    def only_row_url(self, request: HttpRequest) -> str:
        """Return the address of the organization's only row of this kind; else of the list."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        current = current_organization(request)
        rows = self.model._default_manager.filter(**{self.organization_path: current}).order_by()
        only = list(rows.values_list("pk", flat=True)[:2]) if current is not None else []
        if len(only) != 1:
            return reverse(f"{name}_changelist")
        return reverse(f"{name}_change", args=only)

    def elsewhere(self, request: HttpRequest, row: Any) -> Organization | None:
        """Return the organization of a row if it isn't the current one."""
        if row is None:
            return None
        owner = self.organization_of(row)
        return None if owner == current_organization(request) else owner

    def _named(self, rows: models.QuerySet[Any] | list[Any]) -> list[str]:
        """Return rows of one kind as linked lines, the first of many."""
        lines: list[str] = []
        for row in rows[:MOST_NAMED]:
            name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
            kind = capfirst(row._meta.verbose_name)
            link = '{}: <a href="{}">{}</a>'
            lines.append(format_html(link, kind, reverse(name, args=[row.pk]), row))
        count = len(rows) if isinstance(rows, list) else rows.count()
        return [*lines, f"and {count - MOST_NAMED:,} more"] if count > MOST_NAMED else lines

    def _audit_url(self, request: HttpRequest, row: Any) -> str:
        """Return the audit log address of a row, or an empty text for users who may not read it."""
        if row is None or not registry.contains(self.model):
            return ""
        owner = self.organization_of(row)
        if current_organization(request) not in {owner, None}:
            return ""
        if not request.user.has_perm("organizations.view_auditentry", owner):
            return ""
        return f"{reverse('admin:organizations_auditentry_changelist')}?object_pk={row.pk}"

    def _organization_field(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer a choice of organization; hide it if there is only one."""
        allowed = self._organizations(request, "add")
        kwargs["queryset"] = allowed
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is None:
            return None
        preset = current_organization(request)
        if preset is None:
            only = list(allowed[:2])
            preset = only[0] if len(only) == 1 else None
        if preset is not None:
            field.initial = preset.pk
            field.widget = forms.HiddenInput()
        return field

    def _organization_of_page(self, request: HttpRequest) -> Organization | None:
        """Return the organization whose rows a form offers: the row's, the form's, or current."""
        match = request.resolver_match
        object_id = match.kwargs.get("object_id") if match else None
        if object_id:
            row = self.get_object(request, object_id)
            return None if row is None else self.organization_of(row)
        typed = request.POST.get("organization", "")
        try:
            key = uuid.UUID(typed)
        except ValueError:
            return current_organization(request)
        return visible_organizations(request.user).filter(id=key).first()

    def is_list(self, request: HttpRequest) -> bool:
        """Return whether this request is for the list, or an action on it."""
        match = request.resolver_match
        name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return match is not None and match.url_name == name

    def _organizations(self, request: HttpRequest, action: str) -> models.QuerySet[Organization]:
        """Return the organizations in which the member may do this to this page's rows."""
        role = needed_role(self._permission(action))
        return visible_organizations(request.user, role or Role.OWNER)

    def _permission(self, action: str) -> str:
        return f"{self.opts.app_label}.{action}_{self.opts.model_name}"
