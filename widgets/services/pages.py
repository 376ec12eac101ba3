"""Where a visitor is: kept for staff, and told to the agent."""

import uuid
from typing import Any

from django.db.models import Q
from django.utils import timezone

from widgets.models import WidgetSession
from widgets.visitor_page import Page


def save_page(*, session_id: uuid.UUID, page: Page) -> None:
    """Keep where the visitor is; one UPDATE, which writes nothing where nothing is new.

    Nor where nothing was said or typed yet: of who only looks, nothing is kept. The page comes
    with the first message then (`page_changes`).
    """
    columns = _columns(page)
    WidgetSession.objects.filter(
        Q(last_seq__gt=0) | Q(contact_claim__isnull=False), id=session_id, ended_at=None
    ).exclude(**columns).update(**columns, page_at=timezone.now())


def page_changes(kept: Page, page: Page | None) -> dict[str, Any]:
    """What to write to the session of a visitor who speaks on this page; often nothing."""
    if page is None or page == kept:
        return {}
    return {**_columns(page), "page_at": timezone.now()}


def _columns(page: Page) -> dict[str, Any]:
    return {
        "page_url": page.url,
        "page_title": page.title,
        "page_referrer": page.referrer,
        "page_context": page.context,
    }
