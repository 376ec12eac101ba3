"""The inbox page, and the fragments that it fetches: rows of the list, one conversation."""

import re
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from loquent.organizations.access import RANK
from loquent.organizations.models import Role
from loquent.organizations.site.current import current_organization
from loquent.server.headers import POLICY, live_policy
from widgets.admin.conversation_list import claims
from widgets.admin.home.page import sessions_for
from widgets.admin.inbox.counts import attention_count
from widgets.models import WidgetSession
from widgets.services.conversations import is_active, visitor_name
from widgets.services.handoff.drafts import read_draft
from widgets.services.inbox.rows import load_rows
from widgets.services.inbox.tabs import Sessions, Tab, count_tabs, in_tab
from widgets.services.inbox.thread import Thread, load_thread
from widgets.services.transcripts import transcript

PAGE_SIZE = 50
# A request returns at most this many rows.
MOST_ROWS = 300
# The newest lines of a conversation; the page of the conversation has all.
MOST_LINES = 100
NUMBER = re.compile("[0-9]{1,10}")


def inbox_page(request: HttpRequest) -> HttpResponse:
    """Show the inbox: the list; conversations are fetched as they are opened."""
    context: dict[str, Any] = {**admin.site.each_context(request), "title": "Inbox"}
    sessions = sessions_for(request)
    if sessions is not None:
        tab = _tab(request)
        context |= _list_context(request, sessions, tab) | {
            "has_organization": True,
            **_rights(request),
            "all_url": reverse("admin:widgets_widgetsession_changelist"),
            "needing": attention_count(request),
        }
    response = TemplateResponse(request, "admin/inbox/inbox.html", context)
    response.headers[POLICY] = live_policy(request.get_host())
    return response


def rows_fragment(request: HttpRequest) -> HttpResponse:
    """Return rows of a tab: the first `?most=`, those after `?skip=`, or those with `?ids=`."""
    sessions = _sessions(request)
    context = _list_context(request, sessions, _tab(request))
    return TemplateResponse(request, "admin/inbox/rows.html", context)


def thread_fragment(request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """Return one conversation: its head, the lines after `?after=`, notes, and the person."""
    rows = _sessions(request).select_related("widget__organization", "contact", "assignee__user")
    session = get_object_or_404(rows, id=id)
    after = _number(request, "after")
    thread = load_thread(session=session, user_id=_user_id(request))
    return TemplateResponse(request, "admin/inbox/thread.html", thread_context(thread, after=after))


def thread_context(thread: Thread, *, after: int = 0) -> dict[str, Any]:
    """Return what the templates of a conversation need."""
    session = thread.session
    lines, omitted = transcript(session=session, after=after, most=MOST_LINES)
    entered = claims(session)
    return {
        "thread": thread,
        "session": session,
        "draft": _draft(thread),
        "snoozes": _snoozes(timezone.localtime()),
        "visitor": visitor_name(session),
        "lines": lines,
        "is_compact": True,
        "omitted": 0 if after else omitted,
        "is_active": is_active(session),
        "claims": entered if any(claim["differs"] for claim in entered) else [],
        "page_url": reverse("admin:widgets_widgetsession_change", args=[session.pk]),
        "earlier": [(other, visitor_name(other)) for other in thread.earlier],
    }


def _rights(request: HttpRequest) -> dict[str, Any]:
    """Return who the user is in the current organization, and what they may do there."""
    current = current_organization(request)
    member = current and current.memberships.filter(user_id=_user_id(request)).first()
    rank = RANK[member.role] if member else 0
    return {
        "member_id": member.id if member else None,
        "may_answer": rank >= RANK[Role.OPERATOR],
        "may_share": rank >= RANK[Role.ADMIN],
    }


def _snoozes(now: datetime) -> list[tuple[datetime, str]]:
    """Return until when a conversation can be hidden, in the organization's time zone."""
    morning = now.replace(hour=9, minute=0, second=0, microsecond=0)
    soon = now.replace(second=0, microsecond=0)
    return [
        (soon + timedelta(hours=1), "In an hour"),
        (soon + timedelta(hours=3), "In three hours"),
        (morning + timedelta(days=1), "Tomorrow"),
        (morning + timedelta(days=7 - now.weekday()), "Next week"),
    ]


def _draft(thread: Thread) -> str:
    if thread.member is None:
        return ""
    row = read_draft(session=thread.session, member=thread.member)
    return "" if row is None else row.content


def _list_context(request: HttpRequest, sessions: Sessions, tab: Tab) -> dict[str, Any]:
    user_id = _user_id(request)
    skip, found = _number(request, "skip"), in_tab(sessions, tab, user_id=user_id)
    ids = _ids(request)
    if ids is not None:
        found = found.filter(id__in=ids)
    most = min(MOST_ROWS, max(PAGE_SIZE, _number(request, "most"))) if ids is None else MOST_ROWS
    rows, has_more = load_rows(found, most=most, skip=skip)
    counts = count_tabs(sessions, user_id=user_id)
    numbers = {Tab.WAITING: counts.waiting, Tab.MINE: counts.mine, Tab.OPEN: counts.open}
    current = current_organization(request)
    return {
        "tab": tab,
        "tabs": [(each, numbers.get(each)) for each in Tab],
        "rows": rows,
        "has_more": has_more,
        "shows_widget": current is None or current.widgets.order_by()[:2].count() > 1,
        "user_id": user_id,
        "is_part": ids is not None or skip > 0,
    }


def _sessions(request: HttpRequest) -> Sessions:
    found = sessions_for(request)
    return WidgetSession.objects.none() if found is None else found


def _tab(request: HttpRequest) -> Tab:
    name = request.GET.get("tab", Tab.WAITING.value)
    return Tab(name) if name in Tab.values else Tab.WAITING


def _number(request: HttpRequest, name: str) -> int:
    value = request.GET.get(name, "")
    return int(value) if NUMBER.fullmatch(value) else 0


def _ids(request: HttpRequest) -> list[uuid.UUID] | None:
    if "ids" not in request.GET:
        return None
    try:
        return [uuid.UUID(part) for part in request.GET["ids"].split(",")[:MOST_ROWS] if part]
    except ValueError:
        raise Http404 from None


def _user_id(request: HttpRequest) -> int:
    return int(request.user.pk or 0)
