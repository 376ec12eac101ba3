"""A list of rows with some of the organization's settings above it."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.models import Organization
from loquent.organizations.site.current import current_organization

# The name of the button that saves the settings.
SAVE = "save-settings"


class SettingsPanel(TenantAdmin):
    """A settings page: a form about the current organization, and a list below.

    Owners can save the form; other members read it.
    """

    is_often_short = True
    panel_form: ClassVar[type[forms.ModelForm[Organization]]]
    # The headings of the form and of the list.
    panel_title: ClassVar[str]
    list_title: ClassVar[str]
    change_list_template = "admin/organizations/settings_panel.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        is_saving = request.method == "POST" and SAVE in request.POST
        current = current_organization(request)
        if current is None:
            if is_saving:
                raise PermissionDenied
            return super().changelist_view(request, extra_context)
        may_save = request.user.has_perm("organizations.change_organization", current)
        if is_saving and not may_save:
            raise PermissionDenied
        row = Organization.objects.get(pk=current.pk)
        form = self.panel_form(request.POST if is_saving else None, instance=row, label_suffix="")
        if is_saving and form.is_valid():
            # Other settings may have been changed since the row was read.
            row.save(update_fields=[*form.fields, "updated_at"])
            self.message_user(request, "Saved.", messages.SUCCESS)
            self.note_saved(request, row)
            return HttpResponseRedirect(request.path)
        if not may_save:
            for field in form.fields.values():
                field.disabled = True
        context = {
            "title": self.nav.label,
            "lq_panel": {
                "form": form,
                "title": self.panel_title,
                "list_title": self.list_title,
                "may_save": may_save,
                "save": SAVE,
                "notes": self.panel_notes(row),
            },
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def panel_notes(self, organization: Organization) -> list[str]:
        """Return sentences to show below the form."""
        return []

    def note_saved(self, request: HttpRequest, organization: Organization) -> None:
        """Tell the member what else the saved settings mean."""
