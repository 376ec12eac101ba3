"""The public endpoints, short staff addresses, and the demo page."""

import logging
import re
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from loquent.errors import ApplicationError, ErrorCode
from loquent.rest.errors import DATABASE_AWAY, RETRY_AFTER_SECONDS
from loquent.rest.etags import known_tags
from loquent.server.headers import POLICY, demo_policy
from widgets.bundle import Bundle, load_bundle, load_chunk
from widgets.services.actions.demo import cancel_demo_order, demo_order
from widgets.services.configs import public_config
from widgets.services.demo import demo_widget
from widgets.services.sessions import check_page_request, find_public_widget
from widgets.services.setup.seen_sites import note_site
from widgets.services.setup.snippets import embed_attributes
from widgets.types import PageRequest

logger = logging.getLogger(__name__)
EMBED_CACHE = "public, max-age=3600"
CHUNK_CACHE = "public, max-age=31536000, immutable"
P = ParamSpec("P")
HELP_PAGES = frozenset({"start", "care", "gift-cards", "initials", "flying"})
PREFLIGHT_SECONDS = 86_400
HEADER_NAMES = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z, \t-]{1,2000}")


def allow_preflight(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Answer `OPTIONS` with 204, so that pages may read the view with any request headers.

    Tracing libraries add headers such as `traceparent` to every `fetch` of a page; browsers then
    ask for permission first. The headers have no effect here. Whether the page may read the
    response is decided by the request that follows.
    """

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method != "OPTIONS":
            return view(request, *args, **kwargs)
        response = HttpResponse(status=204)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Allow-Methods"] = "GET, HEAD"
        wanted = request.headers.get("Access-Control-Request-Headers", "")
        if HEADER_NAMES.fullmatch(wanted):
            response["Access-Control-Allow-Headers"] = wanted
        response["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        patch_vary_headers(response, ["Access-Control-Request-Headers"])
        return response

    return require_http_methods(["GET", "HEAD", "OPTIONS"])(answer)


@csrf_exempt
@allow_preflight
def embed_script(request: HttpRequest) -> HttpResponse:
    """`GET /api/widget/embed.js`: the widget's script, cached for an hour, readable by any page."""
    return _for_any_page(_script(request, load_bundle(), EMBED_CACHE))


@csrf_exempt
@allow_preflight
def script_chunk(request: HttpRequest, name: str) -> HttpResponse:
    """`GET /api/widget/chunks/<hash>.js`: code that the script loads later, named by its hash.

    A 404 is readable by any page and never cached: the file may belong to a deploy that another
    server already runs.
    """
    chunk = load_chunk(name)
    if chunk is not None:
        return _for_any_page(_script(request, chunk, CHUNK_CACHE))
    response = HttpResponse("There is no such file.", status=404, content_type="text/plain")
    response["Cache-Control"] = "no-store"
    return _for_any_page(response)


def _script(request: HttpRequest, script: Bundle, cache: str) -> HttpResponse:
    """Return the script in an encoding that the browser accepts; 304 if it is unchanged."""
    body, encoding = script.encoded(request.headers.get("Accept-Encoding", ""))
    # A dot: proxies append an encoding with a hyphen.
    etag = f"{script.digest}.{encoding}" if encoding else script.digest
    if {"*", etag}.intersection(known_tags(request.headers.get("If-None-Match"))):
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(body, content_type="text/javascript; charset=utf-8")
        if encoding:
            response["Content-Encoding"] = encoding
    response["ETag"] = f'"{etag}"'
    response["Cache-Control"] = cache
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _for_any_page(response: HttpResponse) -> HttpResponse:
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["X-Content-Type-Options"] = "nosniff"
    return response


# Cookies have no effect here, so no CSRF token is needed: other methods return 405 to everyone.
@csrf_exempt
@vary_on_headers("Origin")
@allow_preflight
def widget_config(request: HttpRequest, widget_id: str) -> HttpResponse:
    """`GET /api/widget/{widget_id}/config`: what the page needs to draw the widget.

    Returns 200 with the nine public keys; 404, readable by any page, if the widget is unknown or
    disabled; 403, unreadable, if the page's origin isn't listed; 503, readable by any page, if the
    database is unavailable: the widget would mistake an unreadable error for a refusal.
    """
    origin = request.META.get("HTTP_ORIGIN")
    page_request = PageRequest(
        widget_id=widget_id,
        origins=[] if origin is None else [origin.encode("latin-1", "replace")],
        fetch_site=request.META.get("HTTP_SEC_FETCH_SITE", "").encode("latin-1", "replace"),
    )
    try:
        widget = check_page_request(request=page_request)
    except ApplicationError as error:
        status = 404 if error.code is ErrorCode.NOT_FOUND else 403
        response = _config_error(error.code, error.message, status)
    except DATABASE_AWAY as error:
        logger.warning("The database failed a request for settings: %s", type(error).__name__)
        response = _config_error(ErrorCode.UNAVAILABLE, "Please try again in a moment.", 503)
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    else:
        note_site(widget_id=widget.widget_id, origin=origin)
        response = JsonResponse(public_config(widget))
        if widget.allowed_origins is None:
            response["Access-Control-Allow-Origin"] = "*"
        elif origin:
            response["Access-Control-Allow-Origin"] = origin
    response["Cache-Control"] = "no-cache"
    return response


def _config_error(code: ErrorCode, message: str, status: int) -> HttpResponse:
    response = JsonResponse({"code": code, "message": message, "fields": {}}, status=status)
    if status != 403:
        response["Access-Control-Allow-Origin"] = "*"
    return response


def widget_list(request: HttpRequest) -> HttpResponse:
    """`/widgets`: redirect to the widget list in the admin."""
    return redirect("admin:widgets_widgetconfig_changelist")


def widget_create(request: HttpRequest) -> HttpResponse:
    """`/widgets/create`: redirect to the form for a new widget."""
    return redirect("admin:widgets_widgetconfig_add")


def widget_details(request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """`/widgets/<id>`: redirect to settings, embed code and reset."""
    return redirect("admin:widgets_widgetconfig_change", id)


@require_safe
def chat_page(request: HttpRequest, widget_id: str) -> HttpResponse:
    """`/chat/<widget_id>`: the chat as a page of its own, for links, QR codes and signatures.

    Returns 404 if the widget is unknown or disabled. The page belongs to this server, so the
    widget's allowed sites don't matter.
    """
    widget = find_public_widget(widget_id=widget_id)
    attributes = embed_attributes(widget) if widget else {}
    language = get_language_from_request(request)
    context = {"widget": widget, "attributes": attributes, "language": language}
    response = render(request, "widgets/chat.html", context, status=200 if widget else 404)
    response[POLICY] = demo_policy(request.get_host())
    response["Cache-Control"] = "no-cache"
    patch_vary_headers(response, ["Accept-Language"])
    return response


@require_safe
def demo_order_status(request: HttpRequest, number: str) -> JsonResponse:
    """An order of the demo shop, which the demo's agent looks up (if DEMO_PAGE=1)."""
    return _order_answer(demo_order(number))


@csrf_exempt
@require_POST
def demo_order_cancel(request: HttpRequest, number: str) -> JsonResponse:
    """Cancel an order of the demo shop; nothing is stored (if DEMO_PAGE=1)."""
    return _order_answer(cancel_demo_order(number))


def _order_answer(order: dict[str, Any] | None) -> JsonResponse:
    if order is None:
        return JsonResponse({"error": "There is no such order."}, status=404)
    return JsonResponse(order)


@require_safe
def demo_page(request: HttpRequest) -> HttpResponse:
    """`/demo/`: a shop that embeds the demo widget with only the script tag (if DEMO_PAGE=1)."""
    widget = demo_widget()
    context = {"widget_id": widget.widget_id if widget else ""}
    response = render(request, "widgets/demo.html", context)
    response[POLICY] = demo_policy(request.get_host())
    return response


@require_safe
def demo_help(request: HttpRequest, name: str = "start") -> HttpResponse:
    """`/demo/help/`: the pages of the demo shop that its assistant reads as a website."""
    if name not in HELP_PAGES:
        raise Http404
    widget = demo_widget()
    context = {"widget_id": widget.widget_id if widget else ""}
    response = render(request, f"widgets/demo_help/{name}.html", context)
    response[POLICY] = demo_policy(request.get_host())
    return response
