"""How an agent's knowledge is written on its page."""

from urllib.parse import urlsplit

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def characters(count: int) -> str:
    """Return a length in characters, rounded if it is large."""
    if count < 1_000:
        return f"{count} characters"
    return f"{count / 1_000:.1f}k characters" if count < 10_000 else f"{count // 1_000}k characters"


@register.simple_tag
def entry_link(url: str) -> SafeString:
    """Return a link that shows the host of an entry's URL; empty if it has none."""
    if not url.startswith(("http://", "https://")):
        return format_html('<span class="lq-quiet">{}</span>', "—")
    try:
        host = urlsplit(url).hostname or url
    except ValueError:
        host = url
    return format_html(
        '<a href="{}" target="_blank" rel="noopener noreferrer" title="{}">{}</a>', url, url, host
    )
