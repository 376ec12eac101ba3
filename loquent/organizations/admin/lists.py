"""What all admin lists have in common."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.utils.html import format_html
from django.utils.safestring import SafeString

from loquent.organizations.admin.lookups import DeclaredLookups


class ListAdmin(DeclaredLookups):
    """An admin list whose checkboxes name their rows."""

    # Whether the search and the filters of the list appear only from 8 rows on.
    is_often_short = False
    # What an empty list says.
    empty_text = ""

    def row_name(self, obj: Any) -> str:
        """Return the name of a row, as the list shows it."""
        return str(obj)

    @admin.display(description=SafeString('<input type="checkbox" id="action-toggle">'))
    def action_checkbox(self, obj: Any) -> SafeString:
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            f"Select {self.row_name(obj)}",
        )
