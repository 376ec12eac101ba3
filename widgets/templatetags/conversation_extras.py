"""Render conversations on staff pages. Text from outside is escaped."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from loquent.agents.types import Source, VisitorPage
from widgets.action_types import ActionStatus
from widgets.admin.conversation_list import thumb
from widgets.admin.page_html import page_lines, page_link
from widgets.visitor_page import clean_address

register = template.Library()


@register.simple_tag
def page(url: str) -> SafeString:
    """Return a visitor's page as a link."""
    return page_link(url)


@register.simple_tag
def page_details(details: VisitorPage) -> SafeString:
    """Return everything that is known about the visitor's page."""
    return page_lines(details)


@register.simple_tag
def source_link(source: Source) -> SafeString:
    """Return a source of an answer as a link; as plain text if its address is invalid."""
    title = source.get("title") or source.get("url", "")
    url = source.get("url", "")
    if not url or clean_address(url) != url:
        return format_html("{}", title)
    return format_html('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>', url, title)


register.simple_tag(thumb, name="thumb")


@register.filter
def seconds(milliseconds: int) -> str:
    """`1234` → `1.2 s`; below a second as it is, in ms."""
    return f"{milliseconds} ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:.1f} s"


@register.filter
def action_status(status: str) -> str:
    """Return what became of a change that an answer proposed."""
    return str(dict(ActionStatus.choices).get(status, status))


@register.filter
def differing(claims: Sequence[dict[str, Any]]) -> bool:
    """Return whether any typed detail differs from the contact."""
    return any(claim["differs"] for claim in claims)
