"""The conversation list: columns, filters and search."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.db.models import F
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.admin.moments import ago, date_and_time
from loquent.organizations.site.current import current_organization
from widgets.admin.conversation_filters import (
    ActivityFilter,
    AttentionFilter,
    ChatLanguageFilter,
    ContactFilter,
    FeedbackFilter,
    LastAnswerFilter,
    PageAddressFilter,
    WidgetFilter,
)
from widgets.admin.linked_filters import LINKED_FILTERS
from widgets.models import WidgetSession
from widgets.services.conversations import (
    MOST_FOUND,
    Summary,
    find_conversations,
    find_hits,
    is_active,
    is_waiting,
    non_empty,
    summaries,
    visitor_name,
    with_urgency,
)
from widgets.types import Reason

# The badge's colour and label per outcome of the latest answer.
BADGES = {
    "answered": ("lq-good", "Answered"),
    "no_answer": ("lq-warn", "No answer found"),
    "failed": ("lq-bad", "Failed"),
    "stopped": ("", "Stopped"),
    "refused": ("lq-warn", "Declined"),
    "handed_over": ("lq-info", "Handed over"),
}
MOST_OF_PAGE = 44
# An empty cell; the admin would write a dash for an empty text.
NOTHING = SafeString("<span></span>")
# The colour of each reason.
CHIPS = {
    Reason.PERSON: "lq-bad",
    Reason.UNHAPPY: "lq-bad",
    Reason.LEFT_DETAILS: "lq-info",
    Reason.NO_ANSWER: "lq-warn",
    Reason.FAILED: "lq-bad",
}


class ConversationList(ChangeList):
    """A page of the list that adds a summary to each row."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: Any = list(self.result_list)
        seen = summaries(self.result_list)
        for session in self.result_list:
            session.summary = seen[session.id]
        hits = find_hits(sessions=self.result_list, text=self.query)
        for session in self.result_list:
            session.hit = hits.get(session.id)


def summary_of(session: WidgetSession) -> Summary:
    """Return the summary that ConversationList added to the row."""
    summary: Summary = session.summary  # type: ignore[attr-defined]
    return summary


class ConversationLists(TenantAdmin):
    """The list half of the conversations' admin."""

    organization_path = "widget__organization"
    list_display = ["visitor", "question", "needs", "last_answer", "widget", "last_activity"]
    list_select_related = ["widget", "contact"]
    list_filter = [
        AttentionFilter,
        WidgetFilter,
        LastAnswerFilter,
        FeedbackFilter,
        ContactFilter,
        ActivityFilter,
        ChatLanguageFilter,
        PageAddressFilter,
        *LINKED_FILTERS,
    ]
    # Used by the link on a contact's page.
    linked_lookups = ("contact__id__exact",)
    search_fields = ["messages__content"]
    search_help_text = "Searches messages, names, emails, phone numbers and pages."
    ordering = ["-last_active_at", "-id"]
    show_full_result_count = False
    list_per_page = 50

    def get_list_display(self, request: HttpRequest) -> Any:
        """Show the widget only if there are several."""
        current = current_organization(request)
        columns = super().get_list_display(request)
        if current is None or current.widgets.order_by().values("pk")[:2].count() > 1:
            return columns
        return [column for column in columns if column != "widget"]

    def get_ordering(self, request: HttpRequest) -> Any:
        """Show what needs staff by urgency."""
        if request.GET.get(AttentionFilter.parameter_name) == AttentionFilter.ANY:
            return [F("urgency").desc(), *self.ordering]
        return self.ordering

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[WidgetSession]:
        sessions = super().get_queryset(request)
        if not self._is_listing(request):
            return sessions
        current = current_organization(request)
        if current is not None:
            # A file contains what the list shows, so both are limited to the current organization.
            sessions = sessions.filter(widget__organization=current)
        return with_urgency(non_empty(sessions))

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

    def row_name(self, obj: WidgetSession) -> str:
        return visitor_name(obj)

    @admin.display(description="visitor", ordering="contact__name")
    def visitor(self, obj: WidgetSession) -> str:
        return visitor_name(obj)

    @admin.display(description="last question")
    def question(self, obj: WidgetSession) -> SafeString:
        """Show the visitor's last question; of a search, where it found the conversation."""
        hit: list[str] | None = getattr(obj, "hit", None)
        if hit:
            parts = (
                format_html("<mark>{}</mark>" if number % 2 else "{}", part)
                for number, part in enumerate(hit)
            )
            return format_html(
                '<span class="lq-hit">{}</span>',
                format_html_join("", "{}", ((part,) for part in parts)),
            )
        text = " ".join(summary_of(obj).question.split())
        if not text:
            return format_html('<span class="lq-quiet">{}</span>', "Wrote no message")
        return format_html("<bdi>{}</bdi>", text)

    @admin.display(description="needs attention", ordering="attention")
    def needs(self, obj: WidgetSession) -> SafeString:
        """Show each reason as a chip."""
        return reason_chips(obj) or NOTHING

    @admin.display(description="last answer", ordering="outcome")
    def last_answer(self, obj: WidgetSession) -> SafeString | str:
        """Show its outcome, unless a chip says the same, and the visitor's ratings."""
        said = {reason.value for reason in obj.reasons}
        shown = "" if obj.outcome in said and not is_waiting(obj) else state_badge(obj)
        return format_html("{}{}", shown, thumbs(summary_of(obj))) or NOTHING

    @admin.display(description="last activity", ordering="last_active_at")
    def last_activity(self, obj: WidgetSession) -> SafeString:
        page = Truncator(obj.page_url.partition("://")[2]).chars(MOST_OF_PAGE)
        now = '<span class="lq-dot" title="Active now"></span>' if is_active(obj) else ""
        return format_html(
            '{}<time datetime="{}" title="{}">{}</time>{}',
            SafeString(now),
            obj.last_active_at.isoformat(),
            date_and_time(obj.last_active_at),
            ago(obj.last_active_at),
            format_html('<span class="lq-row-page">{}</span>', page) if page else "",
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


def state_badge(session: WidgetSession) -> SafeString:
    """Return the outcome of the last answer; while the visitor waits for a person, that."""
    if is_waiting(session):
        return format_html('<span class="lq-badge lq-bad">{}</span>', "Waiting for a person")
    return badge(session.outcome)


def reason_chips(session: WidgetSession) -> SafeString:
    """Return why a conversation needs staff, most urgent first."""
    chips = ((CHIPS[reason], reason.label) for reason in session.reasons)
    return format_html_join(" ", '<span class="lq-badge {}">{}</span>', chips)


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
