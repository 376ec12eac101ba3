"""Render a visitor's page for staff. Its values are untrusted."""

import json

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from loquent.agents.types import VisitorPage
from loquent.organizations.admin.moments import date_and_time
from widgets.visitor_page import clean_address

MAX_SHOWN = 120


def page_link(url: str, *, most: int = MAX_SHOWN) -> SafeString:
    """Return a link without a referrer; plain text if it is not a web address.

    Shows at most `most` characters; without the scheme if that is few.
    """
    shown = url if most == MAX_SHOWN else url.partition("://")[2]
    shown = shown if len(shown) <= most else f"{shown[:most]}…"
    if clean_address(url) != url:
        return format_html("{}", shown)
    return format_html(
        '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>', url, shown
    )


def page_lines(page: VisitorPage) -> SafeString:
    """Return the page, its referrer and the site's context, one per line."""
    lines = [page.title, page_link(page.url)]
    if page.referrer:
        lines.append(format_html("Came from {}", page_link(page.referrer)))
    if page.context:
        lines.append(json.dumps(page.context, ensure_ascii=False))
    if page.at:
        lines.append(f"Since {date_and_time(page.at)}")
    return format_html_join("", "<div>{}</div>", ((line,) for line in lines if line))
