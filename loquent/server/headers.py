"""Set the security headers of our responses.

Django's own middleware adds Referrer-Policy, Cross-Origin-Opener-Policy, X-Content-Type-Options
and, over https, Strict-Transport-Security.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import partial

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from loquent.server.middleware import AroundMiddleware, Finish

POLICY = "Content-Security-Policy"
NOBODY = "base-uri 'none'; frame-ancestors 'none'"
# For responses that are not pages: JSON, scripts, redirects, errors.
STRICTEST = f"default-src 'none'; form-action 'none'; {NOBODY}"
# For the admin: only our own files, no inline code, no eval. Django's style sheets contain a few
# `data:` images; the widget form has the preview in a frame.
ADMIN = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; manifest-src 'self'; worker-src 'self'; "
    f"form-action 'self'; {NOBODY}"
)
# For the widget preview, which may be framed by our own pages only.
PREVIEW = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
# For Django's error pages for developers, which contain inline styles. Below the admin, the same
# statuses can belong to one of its own pages, such as that of an invalid invitation.
DEBUG_PAGE = f"{STRICTEST}; style-src 'unsafe-inline'"
ADMIN_DEBUG_PAGE = ADMIN.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
# Headers set by a view are kept.
DEFAULTS = {"Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY"}


def live_policy(host: str) -> str:
    """Return the policy of an admin page with a socket; old browsers need more than `'self'`."""
    return ADMIN.replace("connect-src 'self'", f"connect-src 'self' ws://{host} wss://{host}")


def demo_policy(host: str) -> str:
    """Return the policy of a page that embeds our widget; old browsers need more than `'self'`."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self' ws://{host} wss://{host}; form-action 'none'; {NOBODY}; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


class SecurityHeadersMiddleware(AroundMiddleware):
    """Adds a content security policy to responses: the strictest, unless a view sets another."""

    def around(self, request: HttpRequest) -> AbstractContextManager[Finish]:
        return nullcontext(partial(add_headers, request))


def add_headers(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Add the headers that the response lacks."""
    response.headers.setdefault(POLICY, _policy(request, response))
    for name, value in DEFAULTS.items():
        response.headers.setdefault(name, value)
    return response


def _policy(request: HttpRequest, response: HttpResponseBase) -> str:
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    match = request.resolver_match
    is_admin = is_page and match is not None and "admin" in match.app_names
    if settings.DEBUG and response.status_code in {404, 500} and is_page:
        return ADMIN_DEBUG_PAGE if is_admin else DEBUG_PAGE
    return ADMIN if is_admin else STRICTEST
