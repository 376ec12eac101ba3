"""Check a request's origin, for `/config` and for the socket alike."""

from collections.abc import Sequence

from django.conf import settings

from loquent.errors import ApplicationError, ErrorCode
from widgets.models import WidgetConfig
from widgets.origins import is_origin_allowed, parse_origin
from widgets.services.refusals import count_refused_origin


def validate_origin(
    *, widget: WidgetConfig, origins: Sequence[bytes], fetch_site: bytes = b""
) -> None:
    """Raise `forbidden` for a page that the widget doesn't list.

    `origins` holds every `Origin` header of the request, as sent; `fetch_site` its
    `Sec-Fetch-Site`, which replaces the origin that browsers omit on same-origin reads.
    """
    if not is_request_allowed(
        allowed=widget.allowed_origins, origins=origins, fetch_site=fetch_site
    ):
        count_refused_origin(widget_id=widget.widget_id, origins=origins)
        raise ApplicationError(ErrorCode.FORBIDDEN, "This site may not show this chat.")


def is_request_allowed(
    *, allowed: Sequence[str] | None, origins: Sequence[bytes], fetch_site: bytes = b""
) -> bool:
    """Return whether these headers may use a widget with this list; see `validate_origin`."""
    if allowed is None:
        return True
    if not origins:
        return fetch_site == b"same-origin"
    if len(origins) > 1:
        return False
    try:
        # Whitespace around a header's value is not part of it, and not every server strips it.
        origin = origins[0].strip(b" \t").decode("ascii")
    except UnicodeDecodeError:
        return False
    return is_origin_allowed(origin, allowed, site_origin=parse_origin(settings.SITE_URL))
