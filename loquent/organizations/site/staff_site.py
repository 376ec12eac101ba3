"""Define the admin site: navigation, login, and the organization switcher."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from loquent.organizations.access import visible_organizations
from loquent.organizations.site.account_forms import LoginForm
from loquent.organizations.site.accounts import password_reset_urls
from loquent.organizations.site.current import (
    ALL,
    choose_organization,
    current_organization,
    current_zone,
)
from loquent.organizations.site.join import join_urls

View = TypeVar("View", bound=Callable[..., Any])

GROUPS = ("", "Inbox", "Chat", "Organization", "Server")
# Our rows have no public pages, and no page uses autocomplete.
UNUSED = frozenset({"view_on_site", "autocomplete"})
# A longer menu would be unusable; the organization list shows all of them.
MAX_IN_MENU = 50


@dataclass(frozen=True, slots=True)
class Nav:
    """The place of an admin page in the navigation, its name and its icon."""

    group: str
    order: int
    label: str
    icon: str


class StaffSite(admin.AdminSite):
    """The admin site. `overview` renders the start page."""

    site_title = site_header = "Loquent"
    index_title = "Overview"
    site_url = None
    enable_nav_sidebar = False
    login_form = LoginForm
    # Set by the widgets app, because this app knows nothing about chats.
    overview: Callable[[HttpRequest], HttpResponse] | None = None
    overview_csv: Callable[[HttpRequest], HttpResponse] | None = None

    def get_urls(self) -> list[URLPattern | URLResolver]:
        switch = path(
            "switch-organization/", self.admin_view(self.switch_view), name="switch_organization"
        )
        pages = [url for url in super().get_urls() if getattr(url, "name", "") not in UNUSED]
        if self.overview_csv is not None:
            view = self.admin_view(self.overview_csv)
            pages.insert(0, path("overview.csv", view, name="overview_csv"))
        return [switch, *password_reset_urls(self), *join_urls(self), *pages]

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Return a view for staff that shows times in the current organization's time zone.

        Its template is rendered here, because Django would render it in UTC after the view. What
        is cacheable, the catalog of translations, shows no times.
        """
        checked = super().admin_view(view, cacheable)
        if cacheable:
            return checked

        @wraps(checked)
        def in_zone(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            with timezone.override(current_zone(request)):
                response: HttpResponseBase = checked(request, *args, **kwargs)
                if isinstance(response, TemplateResponse):
                    return response.render()
                return response

        return cast("View", in_zone)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the login page; return 429 with the waiting time after too many attempts."""
        response = super().login(request, extra_context)
        form = (getattr(response, "context_data", None) or {}).get("form")
        if isinstance(form, LoginForm) and form.retry_after is not None:
            response.status_code = 429
            response["Retry-After"] = str(form.retry_after)
        return response

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show the overview to users who may see figures."""
        if self.overview is None:
            return super().index(request, extra_context)
        request.current_app = self.name
        return self.overview(request)  # type: ignore[return-value]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        if not context["has_permission"]:
            return context
        return {
            **context,
            "lq_navigation": self._navigation(request),
            "lq_organization": current_organization(request),
            "lq_organizations": visible_organizations(request.user)[: MAX_IN_MENU + 1],
            "lq_menu_limit": MAX_IN_MENU,
            "lq_all": ALL,
            "lq_switch_next": self._list_of(request),
        }

    def switch_view(self, request: HttpRequest) -> HttpResponse:
        """Switch the organization, and redirect to a page that exists there."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not choose_organization(request, request.POST.get("organization", "")):
            messages.error(request, "You are not a member of this organization.")
        target = request.POST.get("next", "")
        safe = url_has_allowed_host_and_scheme(
            target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )
        return HttpResponseRedirect(target if safe else reverse("admin:index"))

    def _navigation(self, request: HttpRequest) -> list[dict[str, Any]]:
        overview = {
            "label": "Overview",
            "icon": "chart",
            "url": reverse("admin:index"),
            "order": 0,
            "is_current": request.path == reverse("admin:index"),
        }
        groups: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS}
        groups[""].append(overview)
        for page, url in self._lists():
            if not (page.has_module_permission(request) and page.has_view_permission(request)):
                continue
            name = str(page.opts.verbose_name_plural).capitalize()
            nav: Nav = getattr(page, "nav", Nav("Server", 0, name, "server"))
            own_url = getattr(page, "nav_url", None)
            groups[nav.group].append(
                {
                    "label": nav.label,
                    "icon": nav.icon,
                    "url": own_url(request) if own_url else url,
                    "order": nav.order,
                    "is_current": request.path.startswith(url),
                }
            )
        return [
            {"title": name, "items": sorted(items, key=lambda item: item["order"])}
            for name, items in groups.items()
            if items
        ]

    def _list_of(self, request: HttpRequest) -> str:
        """Return the list that a page belongs to, to show after a switch; else the overview."""
        lists = (url for _, url in self._lists() if request.path.startswith(url))
        return next(lists, reverse("admin:index"))

    def _lists(self) -> Iterator[tuple[admin.ModelAdmin[Any], str]]:
        for page in self._registry.values():
            name = f"{page.opts.app_label}_{page.opts.model_name}_changelist"
            yield page, reverse(f"admin:{name}")
