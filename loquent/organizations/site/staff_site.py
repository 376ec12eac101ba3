"""Define the admin site: navigation, login, and the organization switcher."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from loquent.organizations.access import has_role, visible_organizations
from loquent.organizations.models import Role
from loquent.organizations.site.account_forms import LoginForm
from loquent.organizations.site.accounts import password_reset_urls
from loquent.organizations.site.current import (
    ALL,
    choose_organization,
    current_organization,
    current_zone,
    is_operator,
)
from loquent.organizations.site.join import join_urls
from loquent.organizations.site.navigation import Nav, StaffPage, lists_of, navigation_context

__all__ = ["Nav", "StaffPage", "StaffSite"]

View = TypeVar("View", bound=Callable[..., Any])

# Our rows have no public pages, and no page uses autocomplete.
UNUSED = frozenset({"view_on_site", "autocomplete"})
# A longer menu would be unusable; the organization list shows all of them.
MAX_IN_MENU = 50


class StaffSite(admin.AdminSite):
    """The admin site. `home` renders the start page."""

    site_title = site_header = "Loquent"
    index_title = "Home"
    site_url = None
    enable_nav_sidebar = False
    login_form = LoginForm
    # Set by the widgets app, because this app knows nothing about chats.
    home: Callable[[HttpRequest], HttpResponse] | None = None
    # The name of the page that operators see after they have logged in; set likewise.
    desk = ""

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.pages: list[StaffPage] = []

    def get_urls(self) -> list[URLPattern | URLResolver]:
        switch = path(
            "switch-organization/", self.admin_view(self.switch_view), name="switch_organization"
        )
        pages = [url for url in super().get_urls() if getattr(url, "name", "") not in UNUSED]
        own = [path(each.path, self.admin_view(each.view), name=each.name) for each in self.pages]
        return [switch, *password_reset_urls(self), *join_urls(self), *own, *pages]

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
        leads_home = response.headers.get("Location") == reverse("admin:index")
        if self.desk and leads_home and is_operator(request):
            return HttpResponseRedirect(reverse(f"admin:{self.desk}"))
        form = (getattr(response, "context_data", None) or {}).get("form")
        if isinstance(form, LoginForm) and form.retry_after is not None:
            response.status_code = 429
            response["Retry-After"] = str(form.retry_after)
        return response

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show the start page."""
        if self.home is None:
            return super().index(request, extra_context)
        request.current_app = self.name
        return self.home(request)  # type: ignore[return-value]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        if not context["has_permission"]:
            return context
        current = current_organization(request)
        return {
            **context,
            **navigation_context(self, request),
            "lq_organization": current,
            "lq_may_set_up": current is not None and has_role(request.user, Role.ADMIN, current.id),
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

    def _list_of(self, request: HttpRequest) -> str:
        """Return the list that a page belongs to, to show after a switch; else the start page."""
        lists = (url for _, url in lists_of(self) if request.path.startswith(url))
        return next(lists, reverse("admin:index"))
