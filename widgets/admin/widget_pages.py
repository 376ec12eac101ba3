"""The pages of a widget beside its form: preview, live check, reset, allowed sites."""

import uuid
from collections.abc import Callable
from copy import copy
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from loquent.errors import ApplicationError
from loquent.organizations.admin.form_tabs import form_tabs
from loquent.server.headers import POLICY, PREVIEW
from loquent.server.large_bodies import accepts_large_bodies
from widgets.admin.contrast import contrast_warning
from widgets.admin.setup.install import InstallPages
from widgets.admin.widget_form import NOTICE_FIELDS, SETTINGS, read_origins
from widgets.models import WidgetConfig
from widgets.services.configs import (
    allow_origin,
    lock_widget,
    public_config,
    reset_widget_id,
    widget_version,
)
from widgets.services.refusals import refused_sites
from widgets.services.setup.first_run import PRIMARY_COLOR
from widgets.services.setup.seen_sites import installation
from widgets.services.setup.snippets import embed_code

TEMPLATES = "admin/widgets/widgetconfig"
# Not the ID of any widget: the preview answers its requests in the browser.
PREVIEW_ID = "wid_preview"


class WidgetPages(InstallPages):
    """The preview, check, reset and allow pages of a widget."""

    def get_urls(self) -> list[URLPattern]:
        views: dict[str, tuple[str, Callable[..., HttpResponse]]] = {
            "preview/": ("preview", self.preview_view),
            "check/": ("check", self.check_view),
            "<uuid:id>/reset-widget-id/": ("reset", self.reset_view),
            "<uuid:id>/allow/": ("allow", self.allow_view),
        }
        pages = [
            path(address, self.admin_site.admin_view(view), name=f"widgets_widgetconfig_{name}")
            for address, (name, view) in views.items()
        ]
        return [*pages, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        widget = context.get("original") or WidgetConfig(primary_color=PRIMARY_COLOR)
        context["preview"] = {
            "config": _shown_settings(widget),
            "frame": reverse("admin:widgets_widgetconfig_preview"),
            "check": reverse("admin:widgets_widgetconfig_check"),
            "widget": "" if widget._state.adding else str(widget.pk),
        }
        if not widget._state.adding:
            context["embed_code"] = embed_code(widget)
            context["reset_url"] = reverse("admin:widgets_widgetconfig_reset", args=[widget.pk])
            context["allow_url"] = reverse("admin:widgets_widgetconfig_allow", args=[widget.pk])
            context["refused_sites"] = refused_sites(widget=widget)
            context["installation"] = installation(widget=widget)
            context["install_url"] = reverse("admin:widgets_widgetconfig_install", args=[widget.pk])
        extras = {"Look": f"{TEMPLATES}/look.html", "Websites": f"{TEMPLATES}/refused.html"}
        context |= form_tabs(context["adminform"], extras)
        return super().render_change_form(request, context, *args, **kwargs)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Show a sample site that embeds the real widget, for the frame beside the form."""
        return _preview(request)

    @accepts_large_bodies
    def check_view(self, request: HttpRequest) -> HttpResponse:
        """Return the settings that a form would save, for the preview."""
        return _check(request, self)

    def reset_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Ask for confirmation, then replace the widget's public identifier."""
        widget = self._own(request, id)
        address = reverse("admin:widgets_widgetconfig_change", args=[widget.pk])
        if request.method == "POST":
            reset_widget_id(widget=widget)
            self.log_change(request, widget, "Reset the widget ID.")
            self.message_user(
                request,
                "The widget has a new ID. Paste the new embed code on your pages.",
                messages.SUCCESS,
            )
            return HttpResponseRedirect(address)
        context = {
            **self.admin_site.each_context(request),
            "title": "Reset the widget ID",
            "opts": self.opts,
            "widget": widget,
            "back": address,
            "lq_elsewhere": self.elsewhere(request, widget),
        }
        return TemplateResponse(request, f"{TEMPLATES}/reset.html", context)

    def allow_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Add a refused site to the widget's allowed sites.

        A script that asks for JSON receives the list, and the versions before and after: the form
        on its page was loaded with the first, and can go on with the second.
        """
        widget = self._own(request, id)
        if request.method != "POST":
            raise Http404
        origin = request.POST.get("origin", "")
        wants_json = request.headers.get("Accept") == "application/json"
        try:
            with transaction.atomic():
                before = widget_version(lock_widget(widget=widget))
                fresh = allow_origin(widget=widget, origin=origin)
        except ApplicationError as error:
            if wants_json:
                return JsonResponse({"message": error.message}, status=400)
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.log_change(request, widget, f"Allowed {origin}.")
            if wants_json:
                return JsonResponse(
                    {
                        "allowed_origins": fresh.allowed_origins or [],
                        "before": before,
                        "version": widget_version(fresh),
                    }
                )
            self.message_user(request, f"Allowed: {origin}", messages.SUCCESS)
        page = "install" if request.POST.get("from") == "install" else "change"
        return HttpResponseRedirect(reverse(f"admin:widgets_widgetconfig_{page}", args=[widget.pk]))

    def _own(self, request: HttpRequest, widget_id: uuid.UUID) -> WidgetConfig:
        widget = self.get_object(request, str(widget_id))
        if not isinstance(widget, WidgetConfig) or not self.has_change_permission(request, widget):
            raise Http404
        return widget


def _shown_settings(widget: WidgetConfig) -> dict[str, Any]:
    """Return the settings as the widget receives them: `/config`, and part of a `session` frame."""
    return {**public_config(widget), "starters": widget.starters, "notice": widget.notice}


@require_safe
def _preview(request: HttpRequest) -> HttpResponse:
    response = TemplateResponse(request, f"{TEMPLATES}/preview.html", {"widget_id": PREVIEW_ID})
    response[POLICY] = PREVIEW
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


@require_POST
def _check(request: HttpRequest, page: WidgetPages) -> HttpResponse:
    named = request.GET.get("widget", "")
    widget = page.get_object(request, named) if named else None
    allowed = (
        page.has_change_permission(request, widget) if widget else page.has_add_permission(request)
    )
    if not allowed or (named and widget is None):
        raise Http404
    # The form writes to its instance, even invalid values.
    shown = copy(widget) if widget else WidgetConfig()
    form_class = page.get_form(request, widget, change=widget is not None)
    form: Any = form_class(request.POST, instance=widget)
    form.watches_conflicts = False
    form.is_valid()
    for name in (*SETTINGS, *NOTICE_FIELDS):
        if name in form.cleaned_data and name not in form.errors:
            setattr(shown, name, form.cleaned_data[name])
    colors_are_fine = not {"primary_color", "text_color"} & set(form.errors)
    warning = contrast_warning(shown.primary_color, shown.text_color) if colors_are_fine else ""
    return JsonResponse(
        {
            "config": _shown_settings(shown),
            "contrast": warning,
            "origins": read_origins(request.POST.get("allowed_origins", "").splitlines()),
        }
    )
