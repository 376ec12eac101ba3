"""What our answers allow a browser to do with them.

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
# For whatever is no page: JSON, scripts, redirects, errors.
STRICTEST = f"default-src 'none'; form-action 'none'; {NOBODY}"
# Django's admin as it comes: its own files alone, nothing inline, no eval. Its style sheets hold
# a few `data:` images; the form of a widget has the preview in a frame.
ADMIN = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    f"connect-src 'self'; frame-src 'self'; form-action 'self'; {NOBODY}"
)
# The preview of a widget, in a frame on our own pages and nowhere else.
PREVIEW = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
# Django's error pages for developers, which have their style in themselves.
DEBUG_PAGE = f"{STRICTEST}; style-src 'unsafe-inline'"
# What a view has set already stays.
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
    """Gives every answer a content security policy, the strictest unless somebody says another."""

    def around(self, request: HttpRequest) -> AbstractContextManager[Finish]:
        return nullcontext(partial(add_headers, request))


def add_headers(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Add the headers that the answer lacks."""
    response.headers.setdefault(POLICY, _policy(request, response))
    for name, value in DEFAULTS.items():
        response.headers.setdefault(name, value)
    return response


def _policy(request: HttpRequest, response: HttpResponseBase) -> str:
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    if settings.DEBUG and response.status_code in {404, 500} and is_page:
        return DEBUG_PAGE
    match = request.resolver_match
    return ADMIN if is_page and match and "admin" in match.app_names else STRICTEST
