"""Build the navigation of the admin: groups of entries, and the tabs of the current section."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from loquent.organizations.site.current import is_operator

GROUPS = ("", "Assistant", "Channels", "Settings", "Server")
# Groups of one entry need no heading.
UNTITLED = frozenset({"", "Settings"})
# Operators answer visitors; they have nothing to do there.
NOT_FOR_OPERATORS = frozenset({"Channels", "Settings", "Server"})
# A longer number would not be readable.
MOST_COUNTED = 99

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Nav:
    """The place of an admin page in the navigation, its name and its icon.

    Pages of the same `section` share one entry, and are tabs of each other. A page whose `tab` is
    the label of another is reached from there.
    """

    group: str
    order: int
    label: str
    icon: str
    section: str = ""
    tab: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class StaffPage:
    """A page that belongs to no model. `path` follows `/admin/`.

    `count`: the number beside its entry in the navigation.
    """

    name: str
    path: str
    view: Callable[..., HttpResponse]
    nav: Nav | None = None
    count: Callable[[HttpRequest], int] | None = None


def lists_of(site: admin.AdminSite) -> Iterator[tuple[admin.ModelAdmin[Any], str]]:
    """Yield the model pages of the site with the addresses of their lists."""
    for page in site._registry.values():
        name = f"{page.opts.app_label}_{page.opts.model_name}_changelist"
        yield page, reverse(f"admin:{name}")


def navigation_context(site: Any, request: HttpRequest) -> dict[str, Any]:
    """Return the groups of the navigation, and where the page is: its section's tabs, its list."""
    hidden = NOT_FOR_OPERATORS if is_operator(request) else frozenset()
    items = sorted(
        (
            item
            for item in [_home(request), *_items(site, request)]
            if item["nav"].group not in hidden
        ),
        key=lambda item: item["nav"].order,
    )
    groups: dict[str, list[Item]] = {name: [] for name in GROUPS}
    tabs: list[Item] = []
    for item in items:
        nav: Nav = item["nav"]
        siblings = [each for each in items if nav.section and each["nav"].section == nav.section]
        if not siblings:
            groups[nav.group].append(item)
        elif item is siblings[0]:
            is_current = any(each["is_current"] for each in siblings)
            entry = {**item, "label": nav.section, "is_current": is_current}
            groups[nav.group].append(entry)
            if is_current:
                tabs = siblings
    return {
        "lq_navigation": [
            {"title": "" if name in UNTITLED else name, "items": entries}
            for name, entries in groups.items()
            if entries
        ],
        "lq_tabs": _tabs(tabs),
        "lq_section": tabs[0]["nav"].section if tabs else "",
        "lq_place": next((item for item in items if item["is_current"] and item["list_url"]), None),
    }


def _home(request: HttpRequest) -> Item:
    url = reverse("admin:index")
    return _item(Nav("", 0, "Home", "home"), url, is_current=request.path == url)


def _items(site: Any, request: HttpRequest) -> Iterator[Item]:
    for own in site.pages:
        if own.nav is not None:
            url = reverse(f"admin:{own.name}")
            count = own.count(request) if own.count is not None else 0
            yield _item(own.nav, url, is_current=request.path == url, count=count)
    for page, url in lists_of(site):
        if not (page.has_module_permission(request) and page.has_view_permission(request)):
            continue
        name = str(page.opts.verbose_name_plural).capitalize()
        nav: Nav = getattr(page, "nav", Nav("Server", 90, name, "server"))
        own_url = getattr(page, "nav_url", None)
        count = getattr(page, "nav_count", None)
        yield _item(
            nav,
            own_url(request) if own_url else url,
            is_current=request.path.startswith(url),
            list_url=url,
            count=count(request) if count else 0,
        )


def _item(nav: Nav, url: str, *, is_current: bool, list_url: str = "", count: int = 0) -> Item:
    return {
        "nav": nav,
        "label": nav.label,
        "icon": nav.icon,
        "url": url,
        "list_url": list_url,
        "is_current": is_current,
        "count": count,
        "shown_count": f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count),
    }


def _tabs(items: list[Item]) -> list[Item]:
    """Return the tabs of a section, without the pages that are reached from a tab."""
    inside = {item["nav"].tab for item in items if item["is_current"]}
    return [
        {**item, "is_current": item["is_current"] or item["label"] in inside}
        for item in items
        if not item["nav"].tab
    ]
