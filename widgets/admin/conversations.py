"""The admin pages of conversations: list, transcript, live view, export."""

import re
import uuid
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from loquent.errors import ApplicationError
from loquent.organizations.site.staff_site import Nav
from loquent.server.headers import POLICY, live_policy
from widgets.admin.conversation_export import MENU, as_file, stream_records
from widgets.admin.conversation_filters import filter_chips
from widgets.admin.conversation_list import ConversationLists, claims, reason_chips
from widgets.admin.inbox.counts import attention_count
from widgets.admin.unanswered import answer_message_url
from widgets.models import WidgetSession
from widgets.services.attention import mark_as_done
from widgets.services.contact_resolution import apply_contact_claim
from widgets.services.conversations import (
    is_active,
    visitor_name,
)
from widgets.services.sessions import delete_conversations
from widgets.services.transcripts import MOST_SHOWN, conversation_record, transcript

TEMPLATES = "admin/widgets/widgetsession"
# A message number; more digits would exceed the column's range.
SEQ = re.compile("[0-9]{1,10}")


@admin.register(WidgetSession)
class WidgetSessionAdmin(ConversationLists):
    """Visitors' conversations, to read and delete; only the product writes them."""

    nav = Nav("", 2, "All conversations", "conversation", section="Inbox")
    actions = ["mark_done", "apply_claim"]
    fields = ()
    change_list_template = f"{TEMPLATES}/change_list.html"
    change_form_template = f"{TEMPLATES}/change_form.html"

    class Media:
        css = {"all": ["loquent/inbox.css"]}

    def get_urls(self) -> list[URLPattern]:
        of_a_row = (
            ("messages", self.messages_view),
            ("export", self.export_view),
            ("apply", self.apply_view),
            ("done", self.done_view),
        )
        pages = [
            path(
                f"<uuid:id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"widgets_widgetsession_{name}",
            )
            for name, view in of_a_row
        ]
        export = path(
            "export/",
            self.admin_site.admin_view(self.export_list_view),
            name="widgets_widgetsession_exportlist",
        )
        return [export, *pages, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        query = request.GET.copy()
        query.pop("p", None)
        context = {
            "lq_waiting": self.nav_count(request),
            "lq_shows_waiting": request.GET.get("attention") == "any",
            "lq_export": reverse("admin:widgets_widgetsession_exportlist"),
            "lq_query": query.urlencode(),
            "lq_formats": MENU if self.has_export_permission(request) else (),
        }
        response = super().changelist_view(request, {**context, **(extra_context or {})})
        shown: dict[str, Any] | None = getattr(response, "context_data", None)
        if shown and "cl" in shown:
            chips = filter_chips(shown["cl"])
            shown |= {"lq_chips": chips, "lq_active_filters": len(chips)}
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        response = super().change_view(request, object_id, form_url, extra_context)
        response.headers[POLICY] = live_policy(request.get_host())
        return response

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        session: WidgetSession = context["original"]
        most = None if "all" in request.GET else MOST_SHOWN
        lines, earlier = transcript(session=session, most=most)
        context |= {
            "lines": lines,
            "earlier": earlier,
            "visitor": visitor_name(session),
            "is_active": is_active(session),
            "claims": [claim for claim in claims(session) if claim["differs"]],
            "tokens": sum(
                (line.message.input_tokens or 0) + (line.message.output_tokens or 0)
                for line in lines
            ),
            "reasons": reason_chips(session),
            "formats": MENU,
            "answer_url": answer_message_url(request, session.widget),
            "may_mark": self.has_mark_permission(request, session),
            "may_apply": self.has_apply_permission(request, session),
            "live_url": f"/admin/widgets/widgetsession/{session.pk}/live/",
            **{
                f"{name}_url": reverse(f"admin:widgets_widgetsession_{name}", args=[session.pk])
                for name in ("messages", "export", "apply", "done")
            },
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def messages_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Return the lines after `?after=`, to append to the page."""
        session = self._session(request, id)
        after = request.GET.get("after", "")
        lines, _ = transcript(session=session, after=int(after) if SEQ.fullmatch(after) else 0)
        context = {
            "lines": lines,
            "visitor": visitor_name(session),
            "answer_url": answer_message_url(request, session.widget),
        }
        response = TemplateResponse(request, f"{TEMPLATES}/messages.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def export_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Return one conversation as a file."""
        session = self._session(request, id)
        return as_file(
            [conversation_record(session=session)],
            kind=request.GET.get("format", "text"),
            name=f"conversation-{session.id.hex[:8]}",
            zone=timezone.get_current_timezone(),
        )

    def export_list_view(self, request: HttpRequest) -> HttpResponseBase:
        """Stream all conversations that match the list's filters."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        kind = request.GET.get("format", "text")
        filters = request.GET.copy()
        filters.pop("format", None)
        request.GET = filters  # type: ignore[assignment]
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            # Redirect as the list does if its filters are invalid.
            return HttpResponseRedirect(reverse("admin:widgets_widgetsession_changelist"))
        ids = list(rows.values_list("id", flat=True))
        # The file is written after the page's time zone has been left.
        zone = timezone.get_current_timezone()
        headers = as_file([], kind=kind, name="conversations", zone=zone).headers
        response = StreamingHttpResponse(stream_records(ids, kind=kind, zone=zone))
        for name, value in headers.items():
            response[name] = value
        return response

    def apply_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Write what the visitor typed to their contact, and return to the previous page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        session = self._session(request, id)
        if not self.has_apply_permission(request, session):
            raise Http404
        self._apply(request, session)
        if request.POST.get("back") == "contact" and session.contact_id:
            back = reverse("admin:contacts_contact_change", args=[session.contact_id])
        else:
            back = reverse("admin:widgets_widgetsession_change", args=[session.pk])
        return HttpResponseRedirect(back)

    def done_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Mark one conversation as done, and return to it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        session = self._session(request, id)
        if not self.has_mark_permission(request, session):
            raise Http404
        mark_as_done(sessions=WidgetSession.objects.filter(pk=session.pk))
        self.message_user(request, "Marked as done.", messages.SUCCESS)
        return HttpResponseRedirect(
            reverse("admin:widgets_widgetsession_change", args=[session.pk])
        )

    @admin.action(description="Mark as done", permissions=["mark"])
    def mark_done(self, request: HttpRequest, queryset: models.QuerySet[WidgetSession]) -> None:
        """Take the selected conversations off the list of those that need attention."""
        count = mark_as_done(sessions=queryset)
        text = f"Marked {count} conversation{'' if count == 1 else 's'} as done."
        self.message_user(request, text, messages.SUCCESS)

    def nav_url(self, request: HttpRequest) -> str:
        """Return the address of what needs attention, or of the whole list if nothing does."""
        base = reverse("admin:widgets_widgetsession_changelist")
        return f"{base}?attention=any" if self.nav_count(request) else base

    def nav_count(self, request: HttpRequest) -> int:
        """Return how many conversations need attention, counted up to 100."""
        return attention_count(request)

    @admin.action(description="Apply the visitor's details to the contact", permissions=["apply"])
    def apply_claim(self, request: HttpRequest, queryset: models.QuerySet[WidgetSession]) -> None:
        """Write visitors' typed details to their contacts."""
        for session in queryset:
            if self.has_apply_permission(request, session):
                self._apply(request, session)

    def delete_model(self, request: HttpRequest, obj: WidgetSession) -> None:
        delete_conversations(sessions=WidgetSession.objects.filter(pk=obj.pk))

    def delete_queryset(
        self, request: HttpRequest, queryset: models.QuerySet[WidgetSession]
    ) -> None:
        delete_conversations(sessions=queryset)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Allow bulk export to roles that may delete conversations: admins, as in the REST API.

        Anyone who may read a conversation may export that one.
        """
        return self.has_delete_permission(request)

    def has_mark_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow marking as done to the roles that may change what visitors left."""
        return bool(request.user.has_perm("contacts.change_contact", obj))

    def has_apply_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow applying typed details to users who may change contacts."""
        return bool(request.user.has_perm("contacts.change_contact", obj))

    def _apply(self, request: HttpRequest, session: WidgetSession) -> None:
        name = visitor_name(session)
        try:
            applied = apply_contact_claim(session_id=session.id)
        except ApplicationError as error:
            self.message_user(request, f"{name}: {error.message}", messages.ERROR)
            return
        if applied:
            self.message_user(
                request, f"{name}: the details were applied to the contact.", messages.SUCCESS
            )
        else:
            self.message_user(request, f"{name} has not entered any details.", messages.WARNING)

    def _session(self, request: HttpRequest, session_id: uuid.UUID) -> WidgetSession:
        session = self.get_object(request, str(session_id))
        if not isinstance(session, WidgetSession) or not self.has_view_permission(request, session):
            raise Http404
        return session
