"""Add export, erasure and erasure receipts to the admin pages of contacts."""

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from contacts.admin import ContactAdmin
from contacts.models import Contact
from loquent.errors import ApplicationError
from loquent.organizations.admin.moments import ago
from loquent.organizations.admin.settings_panel import SettingsPanel
from loquent.organizations.models import Organization
from loquent.organizations.site.staff_site import Nav
from widgets.admin.conversation_list import claims, state_badge
from widgets.models import ErasureReceipt
from widgets.services.conversations import conversations_of, count_conversations, summaries
from widgets.services.erasure import count_contact_data, erase_contact, export_contact

SESSIONS = "admin:widgets_widgetsession_changelist"
LIST = "admin:contacts_contact_changelist"
TEMPLATES = "admin/widgets/contact"
COLUMNS = (
    "created_at",
    "contact_id",
    "conversations",
    "messages",
    "claims",
    "requested_by",
    "organization",
)


class ContactList(ChangeList):
    """A page of the list that counts the conversations of its rows."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: Any = list(self.result_list)
        counts = count_conversations(self.result_list)
        for contact in self.result_list:
            contact.conversations = counts.get(contact.id, (0, None))


class ContactDataAdmin(ContactAdmin):
    """Contacts, with export and erasure of everything stored about them."""

    list_display = [
        "__str__", "email", "phone", "conversation_count", "last_conversation", "organization",
    ]  # fmt: skip
    change_form_template = f"{TEMPLATES}/change_form.html"
    delete_confirmation_template = f"{TEMPLATES}/delete_confirmation.html"

    class Media:
        css = {"all": ["loquent/inbox.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ContactList

    @admin.display(description="conversations")
    def conversation_count(self, obj: Contact) -> int:
        count: int = obj.conversations[0]  # type: ignore[attr-defined]
        return count

    @admin.display(description="last conversation", empty_value="—")
    def last_conversation(self, obj: Contact) -> str | None:
        last: datetime | None = obj.conversations[1]  # type: ignore[attr-defined]
        return None if last is None else ago(last)

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path(
                f"<uuid:id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"contacts_contact_{name}",
            )
            for name, view in (("export", self.export_view), ("erase", self.erase_view))
        ]
        return [*pages, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        contact = context.get("original")
        if contact is not None:
            context |= self._conversations(request, contact)
        if contact is not None and self.has_change_permission(request, contact):
            for name in ("export", "erase"):
                context[f"{name}_url"] = reverse(
                    f"admin:contacts_contact_{name}", args=[contact.pk]
                )
        return super().render_change_form(request, context, *args, **kwargs)

    def _conversations(self, request: HttpRequest, contact: Contact) -> dict[str, Any]:
        """Show the contact's conversations, and typed details that differ from the contact's."""
        sessions, older = conversations_of(contact=contact)
        seen = summaries(sessions)
        rows: list[dict[str, Any]] = [
            {
                "session": session,
                "summary": seen[session.id],
                "badge": state_badge(session),
                "claims": [claim for claim in claims(session) if claim["differs"]],
            }
            for session in sessions
        ]
        return {
            "conversations": rows,
            "older": older,
            "differing": [row for row in rows if row["claims"]],
            "may_apply": self.has_change_permission(request, contact),
            "all_url": f"{reverse(SESSIONS)}?contact__id__exact={contact.pk}",
        }

    def export_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Return everything stored about a contact, as a file."""
        contact = self._contact(request, id)
        response = JsonResponse(
            export_contact(contact=contact),
            json_dumps_params={"indent": 2, "ensure_ascii": False},
        )
        response["Content-Disposition"] = f'attachment; filename="contact-{contact.id}.json"'
        response["Cache-Control"] = "no-store"
        return response

    def erase_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Show what would be erased, ask for confirmation, then erase."""
        contact = self._contact(request, id)
        if request.method == "POST":
            return self._erase(request, contact)
        context = {
            **self.admin_site.each_context(request),
            "title": "Erase contact",
            "opts": self.opts,
            "contact": contact,
            "counts": count_contact_data(contact=contact),
            "back": reverse("admin:contacts_contact_change", args=[contact.pk]),
            "delete_url": reverse("admin:contacts_contact_delete", args=[contact.pk]),
        }
        return TemplateResponse(request, f"{TEMPLATES}/erase.html", context)

    def _erase(self, request: HttpRequest, contact: Contact) -> HttpResponse:
        try:
            receipt = erase_contact(contact_id=contact.id, requested_by=str(request.user))
        except ApplicationError:
            raise Http404 from None
        self.message_user(
            request, f"The contact has been erased. Receipt: {receipt.id}.", messages.SUCCESS
        )
        return HttpResponseRedirect(reverse(LIST))

    def _contact(self, request: HttpRequest, contact_id: uuid.UUID) -> Contact:
        """Return the contact, if this member may see and delete it."""
        contact = self.get_object(request, str(contact_id))
        if not isinstance(contact, Contact) or not self.has_delete_permission(request, contact):
            raise Http404
        return contact


admin.site.unregister(Contact)
admin.site.register(Contact, ContactDataAdmin)


class RetentionForm(forms.ModelForm[Organization]):
    """How long conversations are kept."""

    class Meta:
        model = Organization
        fields = ["retention_days"]
        labels = {"retention_days": "Delete conversations after this many days without activity"}
        help_texts = {"retention_days": "Leave empty to keep them until you delete them."}


@admin.register(ErasureReceipt)
class ErasureReceiptAdmin(SettingsPanel):
    """How long conversations are kept, and the read-only log of erasures."""

    empty_text = "No contact has been erased yet."
    nav = Nav("Settings", 37, "Privacy", "receipt", section="Settings", title="Deletion log")
    panel_form = RetentionForm
    panel_title = "Conversations"
    list_title = "Deletion log"
    list_display = COLUMNS
    list_select_related = ["organization"]
    search_fields = ["contact_id"]
    date_hierarchy = "created_at"
    fields = COLUMNS
    readonly_fields = COLUMNS

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
