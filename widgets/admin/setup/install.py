"""The install page of a widget: is it on the site, what to paste where, and a link with QR code."""

import uuid
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import quote

import segno
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from loquent.errors import ApplicationError
from loquent.organizations.admin.base import TenantAdmin
from widgets.models import WidgetConfig
from widgets.services.setup.seen_sites import installation
from widgets.services.setup.site_check import SiteCheck, charge_site_check, check_site
from widgets.services.setup.snippets import (
    CHOICES,
    MAX_LAUNCHER_TEXT,
    chat_address,
    embed_code,
    platforms,
    save_embed_options,
)

TEMPLATES = "admin/widgets/widgetconfig"
LABELS = {"launcherIcon": "Icon", "theme": "Light or dark", "sound": "Sound for new answers"}


class InstallPages(TenantAdmin):
    """The pages that show how to put a widget on a site."""

    def get_urls(self) -> list[URLPattern]:
        views: dict[str, Callable[..., HttpResponse]] = {
            "install": self.install_view,
            "sites": self.sites_view,
            "qr": self.qr_view,
        }
        pages = [
            path(
                f"<uuid:id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"widgets_widgetconfig_{name}",
            )
            for name, view in views.items()
        ]
        return [*pages, *super().get_urls()]

    def install_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Show how to install a widget; a POST saves the options of its embed code."""
        widget = self._seen(request, id)
        may_change = self.has_change_permission(request, widget)
        errors: dict[str, list[str]] = {}
        typed = widget.embed_options
        if request.method == "POST" and not may_change:
            raise Http404
        checked = _check(request, widget) if "site" in request.POST else None
        if request.method == "POST" and checked is None:
            typed = {name: request.POST.get(name, "") for name in ("launcherText", *CHOICES)}
            try:
                save_embed_options(widget=widget, options=typed)
            except ApplicationError as error:
                errors = dict(error.fields)
            else:
                text = "Saved. Copy the code again: pages with the old code keep the old look."
                self.message_user(request, text, messages.SUCCESS)
                return HttpResponseRedirect(request.get_full_path())
        context = {
            **self.admin_site.each_context(request),
            **installation_context(widget),
            "title": f"Install {widget}",
            "opts": self.opts,
            "may_change": may_change,
            "options": _option_fields(typed, errors),
            "checked": checked,
            "site": request.POST.get("site", ""),
            "back": reverse("admin:widgets_widgetconfig_change", args=[widget.pk]),
            "lq_elsewhere": self.elsewhere(request, widget),
        }
        return TemplateResponse(
            request, f"{TEMPLATES}/install.html", context, status=400 if errors else 200
        )

    def sites_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Return the part of the install page that lists the sites, for pages that stay open."""
        widget = self._seen(request, id)
        context = {
            **installation_context(widget),
            "may_change": self.has_change_permission(request, widget),
        }
        response = TemplateResponse(request, f"{TEMPLATES}/sites.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def qr_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Return the QR code of the widget's own page, as SVG."""
        file = BytesIO()
        code = segno.make(chat_address(self._seen(request, id)), error="m", micro=False)
        code.save(file, kind="svg", scale=8, border=4, light="#fff")
        return HttpResponse(file.getvalue(), content_type="image/svg+xml")

    def _seen(self, request: HttpRequest, widget_id: uuid.UUID) -> WidgetConfig:
        widget = self.get_object(request, str(widget_id))
        if not isinstance(widget, WidgetConfig) or not self.has_view_permission(request, widget):
            raise Http404
        return widget


def installation_context(widget: WidgetConfig) -> dict[str, Any]:
    """Return what the templates of the install page need to know about a widget."""
    address = chat_address(widget)
    code = embed_code(widget)
    body = f"Please add this line to our website, just before </body> on every page:\n\n{code}\n"
    return {
        "widget": widget,
        "installation": installation(widget=widget),
        "platforms": platforms(widget),
        "chat_url": address,
        "mail_url": f"mailto:?subject={quote('Chat for our website')}&body={quote(body)}",
        "qr_url": reverse("admin:widgets_widgetconfig_qr", args=[widget.pk]),
        "sites_url": reverse("admin:widgets_widgetconfig_sites", args=[widget.pk]),
        "allow_url": reverse("admin:widgets_widgetconfig_allow", args=[widget.pk]),
    }


def _check(request: HttpRequest, widget: WidgetConfig) -> SiteCheck:
    """Check the page that a member named."""
    address = request.POST["site"].strip()
    if not address:
        return SiteCheck(False, "Enter the address of a page.")
    try:
        charge_site_check(user_key=str(request.user.pk))
    except ApplicationError as error:
        return SiteCheck(False, error.message)
    return check_site(widget=widget, address=address)


def _option_fields(typed: dict[str, str], errors: dict[str, list[str]]) -> list[dict[str, Any]]:
    text = {
        "name": "launcherText",
        "label": "Text beside the icon",
        "value": typed.get("launcherText", ""),
        "most": MAX_LAUNCHER_TEXT,
        "errors": errors.get("launcherText", []),
    }
    choices = [
        {
            "name": name,
            "label": LABELS[name],
            "value": typed.get(name, ""),
            "choices": values.items(),
            "errors": errors.get(name, []),
        }
        for name, values in CHOICES.items()
    ]
    return [text, *choices]
