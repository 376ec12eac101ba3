"""Store the page a visitor is on, for staff and for the agent."""

import uuid
from typing import Any

from django.db.models import Q
from django.utils import timezone

from loquent.agents.types import VisitorPage
from widgets.models import WidgetSession
from widgets.services.history import iso_time


def save_page(*, session_id: uuid.UUID, page: VisitorPage) -> None:
    """Store the page; one UPDATE, which writes nothing if the page is unchanged.

    Nothing is stored before the visitor has written or typed something. The page is then saved with
    the first message (`page_changes`).
    """
    columns = _columns(page)
    WidgetSession.objects.filter(
        Q(last_seq__gt=0) | Q(contact_claim__isnull=False), id=session_id, ended_at=None
    ).exclude(**columns).update(**columns, page_at=timezone.now())


def page_changes(kept: VisitorPage | None, page: VisitorPage | None) -> dict[str, Any]:
    """Return the session's column changes for a message written on this page; often none."""
    if page is None or page == kept:
        return {}
    return {**_columns(page), "page_at": timezone.now()}


def page_data(page: VisitorPage | None) -> dict[str, Any] | None:
    """Return the page for exports."""
    if page is None:
        return None
    return {
        "url": page.url,
        "title": page.title,
        "referrer": page.referrer,
        "context": page.context,
        "at": iso_time(page.at) if page.at is not None else None,
    }


def _columns(page: VisitorPage) -> dict[str, Any]:
    return {
        "page_url": page.url,
        "page_title": page.title,
        "page_referrer": page.referrer,
        "page_context": page.context,
    }
