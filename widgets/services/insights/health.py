"""Find what keeps an organization's chats from working, in words for its owners."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from loquent.mailing.models import MailState, OutgoingMail
from loquent.organizations.models import Organization
from widgets.models import WidgetConfig, WidgetSession
from widgets.services.refusals import refused_sites
from widgets.services.usage import used_today, with_usage
from widgets.types import AnswerOutcome

# So many conversations in a row that end in a failure are no accident.
FAILURES_IN_A_ROW = 3
RECENT = timedelta(hours=24)
MOST_WIDGETS = 20
NEARLY = 0.8


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. `agent_id` or `widget_pk`: whose page helps; `is_site`: its install page."""

    text: str
    is_severe: bool = False
    agent_id: UUID | None = None
    widget_pk: UUID | None = None
    is_site: bool = False


def health_findings(*, organization: Organization) -> list[Finding]:
    """Return the problems, severe ones first; empty if all is well."""
    widgets = list(
        with_usage(WidgetConfig.objects.filter(organization=organization, enabled=True))
        .select_related("text_agent", "organization")
        .order_by("name", "id")[:MOST_WIDGETS]
    )
    found = [*_assistants(widgets), *_limits(widgets), *_sites(widgets), *_mail(organization)]
    return sorted(found, key=lambda finding: not finding.is_severe)


def _assistants(widgets: list[WidgetConfig]) -> Iterator[Finding]:
    for agent in {widget.text_agent_id: widget.text_agent for widget in widgets}.values():
        if not agent.enabled:
            text = f"{agent} is switched off. Visitors see its fallback message."
            yield Finding(text, is_severe=True, agent_id=agent.pk)
            continue
        recent = WidgetSession.objects.filter(
            widget__text_agent=agent, last_active_at__gte=timezone.now() - RECENT
        ).exclude(outcome="")
        last = recent.order_by("-last_active_at").values_list("outcome", flat=True)
        outcomes = list(last[:FAILURES_IN_A_ROW])
        if outcomes == [AnswerOutcome.FAILED.value] * FAILURES_IN_A_ROW:
            text = (
                f"{agent} is failing: the last {FAILURES_IN_A_ROW} conversations got no answer. "
                "Try it on its page to see why."
            )
            yield Finding(text, is_severe=True, agent_id=agent.pk)


def _limits(widgets: list[WidgetConfig]) -> Iterator[Finding]:
    for widget in widgets:
        limit, used = widget.daily_message_cap, used_today(widget)
        if limit and used >= limit:
            text = f"{widget} has reached its daily limit of {limit} messages."
            yield Finding(text, is_severe=True, widget_pk=widget.pk)
        elif limit and used >= NEARLY * limit:
            text = f"{widget} has used {used} of {limit} messages of its daily limit."
            yield Finding(text, widget_pk=widget.pk)


def _sites(widgets: list[WidgetConfig]) -> Iterator[Finding]:
    for widget in widgets:
        for site in refused_sites(widget=widget)[:3]:
            address = site.origin.partition("://")[2] or site.origin
            times = "once" if site.count == 1 else f"{site.count} times"
            text = (
                f"{address} tried to show {widget} and was refused {times}. "
                "Allow it if it is yours."
            )
            yield Finding(text, widget_pk=widget.pk, is_site=True)


def _mail(organization: Organization) -> Iterator[Finding]:
    if not settings.MAIL_IS_ON:
        yield Finding(
            "Mail isn't set up on this server: it sends no invitations or password links."
        )
        return
    since = timezone.now() - timedelta(days=7)
    mails = OutgoingMail.objects.filter(organization=organization, created_at__gte=since)
    if count := mails.filter(state=MailState.FAILED).count():
        plural = "" if count == 1 else "s"
        yield Finding(f"{count} email{plural} of the last 7 days could not be sent.")
