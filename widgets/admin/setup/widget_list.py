"""The widget list: whether each widget is on a site."""

from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from loquent.organizations.admin.moments import ago
from widgets.models import WidgetConfig
from widgets.services.setup.seen_sites import Installation, installations


class WidgetList(ChangeList):
    """A page of the list that adds to each row where the widget was seen."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: Any = list(self.result_list)
        found = installations(widgets=self.result_list)
        for widget in self.result_list:
            widget.installation = found[widget.pk]


def installation_line(widget: WidgetConfig, found: Installation) -> SafeString:
    """Return where a widget is installed or was refused, with a link to the install page."""
    url = reverse("admin:widgets_widgetconfig_install", args=[widget.pk])
    line = SafeString("")
    if found.newest is not None:
        site = found.newest.origin.partition("://")[2]
        seen = ago(found.newest.last_seen_at)
        line = format_html('Installed on <a href="{}">{}</a>, seen {}', url, site, seen)
    if found.refused:
        count = len(found.refused)
        text = "1 site was refused" if count == 1 else f"{count} sites were refused"
        refused = format_html('<a class="lq-badge lq-warn" href="{}">{}</a>', url, text)
        line = format_html("{}<br>{}", line, refused) if line else refused
    line = line or format_html('Not installed yet. <a href="{}">Install</a>', url)
    # One element, because cells are flex boxes on a phone.
    return format_html("<span>{}</span>", line)
