"""The conversation list: columns, filters and search."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.admin.moments import ago, date_and_time
from loquent.organizations.site.current import current_organization
from widgets.admin.conversation_filters import (
    ActivityFilter,
    ContactFilter,
    FeedbackFilter,
    LastAnswerFilter,
    WidgetFilter,
)
from widgets.admin.page_html import page_link
from widgets.models import WidgetSession
from widgets.services.conversations import (
    MOST_FOUND,
    Summary,
    find_conversations,
    is_active,
    non_empty,
    summaries,
    visitor_name,
)
from widgets.types import MessageRole

# The badge's colour and label per outcome of the latest answer.
BADGES = {
    "answered": ("lq-good", "Answered"),
    "no_answer": ("lq-warn", "No answer found"),
    "failed": ("lq-bad", "Failed"),
    "stopped": ("", "Stopped"),
    "refused": ("lq-warn", "Declined"),
}


class ConversationList(ChangeList):
    """A page of the list that adds a summary to each row."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: Any = list(self.result_list)
        seen = summaries(self.result_list)
        for session in self.result_list:
            session.summary = seen[session.id]


def summary_of(session: WidgetSession) -> Summary:
    """Return the summary that ConversationList added to the row."""
    summary: Summary = session.summary  # type: ignore[attr-defined]
    return summary


class ConversationLists(TenantAdmin):
    """The list half of the conversations' admin."""

    organization_path = "widget__organization"
    list_display = [
        "visitor",
        "last_message",
        "widget",
        "last_page",
        "message_count",
        "last_answer",
        "last_activity",
    ]
    list_select_related = ["widget", "contact"]
    list_filter = [
        WidgetFilter,
        LastAnswerFilter,
        FeedbackFilter,
        ContactFilter,
        ActivityFilter,
    ]
    # Used by the link on a contact's page.
    linked_lookups = ("contact__id__exact",)
    search_fields = ["messages__content"]
    search_help_text = "Searches messages, names, emails and pages. All words must match."
    ordering = ["-last_active_at", "-id"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[WidgetSession]:
        sessions = super().get_queryset(request)
        if not self._is_listing(request):
            return sessions
        current = current_organization(request)
        if current is not None:
            # A file contains what the list shows, so both are limited to the current organization.
            sessions = sessions.filter(widget__organization=current)
        return non_empty(sessions)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        ids, is_cut = find_conversations(sessions=queryset, text=search_term)
        if is_cut:
            self.message_user(
                request,
                f"More than {MOST_FOUND:,} conversations match. The {MOST_FOUND:,} with the most "
                "recent activity are shown. Add a word or a filter to narrow the search.",
                messages.WARNING,
            )
        return queryset.filter(id__in=ids), False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ConversationList

    @admin.display(description="visitor", ordering="contact__name")
    def visitor(self, obj: WidgetSession) -> str:
        return visitor_name(obj)

    @admin.display(description="last message")
    def last_message(self, obj: WidgetSession) -> SafeString:
        """Show its author and first words, and below them the page, for narrow screens."""
        summary = summary_of(obj)
        content = " ".join(summary.excerpt.split())
        who = {MessageRole.USER: "", MessageRole.STAFF: "Team: "}.get(
            MessageRole(summary.role or MessageRole.ASSISTANT), "Agent: "
        )
        page = format_html('<span class="lq-row-page">{}</span>', page_link(obj.page_url, most=40))
        return format_html(
            '<span class="lq-quiet">{}</span>{}{}',
            who if content else "No message yet",
            content[:120],
            page if obj.page_url else "",
        )

    @admin.display(description="page")
    def last_page(self, obj: WidgetSession) -> SafeString | str:
        return page_link(obj.page_url, most=40) if obj.page_url else "—"

    @admin.display(description="messages", ordering="last_seq")
    def message_count(self, obj: WidgetSession) -> int:
        return obj.last_seq

    @admin.display(description="last answer", ordering="outcome")
    def last_answer(self, obj: WidgetSession) -> SafeString | str:
        """Show its outcome, and the visitor's ratings."""
        return format_html("{}{}", badge(obj.outcome), thumbs(summary_of(obj)))

    @admin.display(description="last activity", ordering="last_active_at")
    def last_activity(self, obj: WidgetSession) -> SafeString:
        now = '<span class="lq-dot" title="Active now"></span>' if is_active(obj) else ""
        return format_html(
            '{}<time datetime="{}" title="{}">{}</time>',
            SafeString(now),
            obj.last_active_at.isoformat(),
            date_and_time(obj.last_active_at),
            ago(obj.last_active_at),
        )

    def _is_listing(self, request: HttpRequest) -> bool:
        match = request.resolver_match
        return match is not None and match.url_name in {
            "widgets_widgetsession_changelist",
            "widgets_widgetsession_exportlist",
        }


def badge(outcome: str) -> SafeString:
    """Return an outcome as a coloured badge."""
    if not outcome:
        return format_html('<span class="lq-badge">{}</span>', "No answer yet")
    kind, word = BADGES[outcome]
    return format_html('<span class="lq-badge {}">{}</span>', kind, word)


def thumbs(summary: Summary) -> SafeString:
    """Return the numbers of liked and disliked answers; empty if none was rated."""
    counts = [("up", summary.thumbs_up), ("down", summary.thumbs_down)]
    return format_html_join("", "{}", ((thumb(kind, count),) for kind, count in counts if count))


def thumb(kind: str, count: int = 1) -> SafeString:
    """Return a thumb `up` or `down`, with a count above one."""
    return format_html(
        '<span class="lq-thumb lq-{0}" role="img" aria-label="{1}"><svg aria-hidden="true" '
        'viewBox="0 0 24 24"><use href="{2}#{0}"/></svg>{3}</span>',
        kind,
        f"Thumbs {kind}" if count == 1 else f"{count} × thumbs {kind}",
        static("widgets/thumbs.svg"),
        count if count > 1 else "",
    )


def claims(session: WidgetSession) -> list[dict[str, Any]]:
    """Return the typed details that differ from the contact's, one per field."""
    claim: dict[str, str] = session.contact_claim or {}
    return [
        {
            "label": name.capitalize(),
            "typed": claim.get(name) or "",
            "recorded": getattr(session.contact, name, None) or "",
            "differs": bool(claim.get(name))
            and claim.get(name) != getattr(session.contact, name, None),
        }
        for name in ("name", "email", "phone")
        if claim.get(name) or getattr(session.contact, name, None)
    ]
