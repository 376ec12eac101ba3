"""The pages behind the links in a visitor's mail.

Programs that scan mail open its links, so a GET changes nothing. The links are secrets: no page
that is behind them loads anything from elsewhere, and none is kept by a cache.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from loquent.server.headers import POLICY
from widgets.services.notify.texts import mail_text
from widgets.services.notify.visitor import find_link, find_stop, stop_mail, use_link

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


# The visitor has no session with us, and the link itself is what they must know.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def continue_page(request: HttpRequest, token: str) -> HttpResponse:
    """Open the conversation of a link in this browser, after a click."""
    row = find_link(token=token)
    if row is None:
        return _page(request, "", title="open_title", words="open_gone", status=404)
    language = row.session.language
    # A foreign page that posts could have this browser continue a conversation that others read.
    is_own = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    if request.method != "POST" or not is_own:
        return _page(request, language, title="open_title", button="open_button")
    opened = use_link(token=token)
    if opened is None:
        return _page(request, language, title="open_title", words="open_gone", status=404)
    chat = reverse("chat-page", args=[opened.widget_id])
    return _page(request, language, title="open_title", opened=opened, chat=chat)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def stop_page(request: HttpRequest, value: str) -> HttpResponse:
    """Stop the mails to a visitor: after a click, or by a mail program's own button."""
    link = find_stop(value=value)
    if link is None:
        return _page(request, "", title="stop_title", words="open_gone", status=404)
    if request.method != "POST":
        return _page(request, link.language, title="stop_title", button="stop_button")
    stop_mail(link)
    return _page(request, link.language, title="stopped")


def _page(
    request: HttpRequest,
    language: str,
    *,
    title: str,
    words: str = "",
    button: str = "",
    status: int = 200,
    **more: object,
) -> HttpResponse:
    context = {
        "language": language or "en",
        "direction": "rtl" if language in ("ar", "fa", "he") else "ltr",
        "title": mail_text(title, language),
        "words": mail_text(words, language) if words else "",
        "button": mail_text(button, language) if button else "",
        **more,
    }
    response = render(request, "widgets/mail_link.html", context, status=status)
    response[POLICY] = PAGE_POLICY
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
