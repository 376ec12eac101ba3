"""Look at a page of a shop's site and say whether the chat's code is on it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync
from django.conf import settings

from loquent.egress.pages import FetchError, fetch_page
from loquent.egress.urls import EgressRules
from loquent.errors import ApplicationError, ErrorCode
from loquent.ratelimit.buckets import Rate
from loquent.ratelimit.shared import limiter
from widgets.models import WidgetConfig
from widgets.origins import is_origin_allowed, parse_origin

RATE = Rate("site_check", 10, 60, 5)
# Owners name their public site; older shops still answer without https.
RULES = EgressRules(allow_http=True)
SCRIPT = "/api/widget/embed.js"


@dataclass(frozen=True, slots=True)
class SiteCheck:
    """What a page has: `is_good`, and a sentence that says what to do if it isn't.

    `origin`: a site to allow, if that is what is missing.
    """

    is_good: bool
    sentence: str
    origin: str = ""


def charge_site_check(*, user_key: str) -> None:
    """Count one check of a member, or raise `rate_limited`. May wait for Redis."""
    if not settings.RATE_LIMITS:
        return
    refused = limiter.take((RATE, user_key))
    if refused is not None:
        raise ApplicationError(
            ErrorCode.RATE_LIMITED, f"Please wait {refused[1]} s before the next check."
        )


def check_site(*, widget: WidgetConfig, address: str, rules: EgressRules = RULES) -> SiteCheck:
    """Fetch a page and return whether it shows this widget. Takes up to a minute."""
    address = address.strip()
    url = address if "://" in address else f"https://{address}"
    try:
        page = async_to_sync(fetch_page)(url, rules)
    except FetchError as error:
        return SiteCheck(False, str(error))
    parts = urlsplit(page.url)
    origin = parse_origin(f"{parts.scheme}://{parts.netloc}") or ""
    if widget.widget_id not in page.text:
        if SCRIPT in page.text:
            return SiteCheck(False, "The page has the code of another chat. Copy this one's code.")
        return SiteCheck(
            False,
            "The code is not in the page as it is delivered. If Tag Manager or a script adds it, "
            "open the page in a browser: it then appears in the list above.",
        )
    site_origin = parse_origin(settings.SITE_URL)
    if not is_origin_allowed(origin, widget.allowed_origins, site_origin=site_origin):
        return SiteCheck(False, f"The code is there, but {origin} is not allowed yet.", origin)
    if page.policy and "script-src" in page.policy and settings.SITE_URL not in page.policy:
        return SiteCheck(
            False,
            "The code is there, but the site's content security policy may block it. Ask your web "
            f"person to allow {settings.SITE_URL}.",
        )
    return SiteCheck(True, "The code is on the page, and the site may show the chat.")
