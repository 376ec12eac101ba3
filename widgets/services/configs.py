"""Create, read, change and delete widgets, for the admin and the REST API."""

import uuid
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from loquent.db.versions import ExpectedVersion, check_version, version_of
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.access import access_object
from loquent.organizations.audit import CHANGED, changed_since, record
from loquent.organizations.models import Organization
from widgets.identifiers import generate_widget_id
from widgets.models import MAX_NAME, WidgetConfig, WidgetSession
from widgets.services.sessions import delete_conversations
from widgets.services.validation import data_columns, validate_widget_data
from widgets.types import WidgetConfigData, WidgetPublicConfig

# Columns that have another name in WidgetConfigData, or belong to a nested setting there.
SETTING_OF_COLUMN = {
    "text_agent": "text_agent_id",
    "notice_text": "notice",
    "notice_url": "notice",
    "notice_consent": "notice",
}


def get_widgets(*, organization: Organization) -> models.QuerySet[WidgetConfig]:
    """Return all widgets of an organization, newest first."""
    return WidgetConfig.objects.filter(organization=organization).select_related("text_agent")


def get_widget(*, organization: Organization, id: uuid.UUID) -> WidgetConfig:  # noqa: A002
    """Return one widget of an organization; raise `not_found` if there is none."""
    return access_object(get_widgets(organization=organization), id=id)


def create_widget(*, organization: Organization, data: WidgetConfigData) -> WidgetConfig:
    """Create a widget with a new `wid_…` identifier.

    Raises `invalid`, and `conflict` if the organization already has MAX_WIDGETS widgets.
    """
    data = validate_widget_data(organization=organization, data=data)
    widget = WidgetConfig(organization=organization, widget_id=generate_widget_id())
    _assign(widget, data)
    with transaction.atomic():
        require_widget_room(organization=organization)
        widget.save(force_insert=True)
    return widget


def require_widget_room(*, organization: Organization) -> None:
    """Raise `conflict` if the organization has reached MAX_WIDGETS.

    Locks the organization's row until the caller's transaction ends, so that of two concurrent
    requests for the last widget only one succeeds.
    """
    most = settings.MAX_WIDGETS
    if not most:
        return
    # `no_key`: messages reference the organization, and their inserts must not wait for this lock.
    Organization.objects.select_for_update(no_key=True).get(id=organization.id)
    if WidgetConfig.objects.filter(organization=organization).count() >= most:
        raise ApplicationError(
            ErrorCode.CONFLICT,
            f"An organization may have at most {most:,} widget{'' if most == 1 else 's'} on this "
            "server. Delete one first, or ask the server's operator for more.",
        )


def widget_version(widget: WidgetConfig) -> str:
    """Return the version of a widget's settings, for `expected_version` and as an ETag."""
    return version_of(widget.updated_at)


def update_widget(
    *, widget: WidgetConfig, data: WidgetConfigData, expected_version: ExpectedVersion = None
) -> WidgetConfig:
    """Replace all settings of a widget; raise `invalid` without changing anything.

    `expected_version`: the `widget_version` that the editor has read. If the widget has changed
    since, raises VersionConflictError, whose `current` holds the current values of the changed
    settings. Raises `not_found` if the widget was deleted. Open chats apply the change within
    seconds (widgets/chat/supervisor.py).
    """
    data = validate_widget_data(organization=widget.organization, data=data)
    with transaction.atomic():
        _check_version(lock_widget(widget=widget), expected_version)
        changed = _assign(widget, data)
        widget.save(update_fields=[*changed, "updated_at"])
    return widget


def change_widget(
    *, widget: WidgetConfig, expected_version: ExpectedVersion = None, **changes: Any
) -> WidgetConfig:
    """Change some settings, as `update_widget` does, and keep the current values of all others."""
    with transaction.atomic():
        fresh = lock_widget(widget=widget)
        _check_version(fresh, expected_version)
        return update_widget(widget=fresh, data=config_data(fresh, **changes))


def switch_widgets(*, widgets: models.QuerySet[WidgetConfig], enabled: bool) -> int:
    """Enable or disable widgets; return how many changed."""
    with transaction.atomic():
        for widget in widgets.exclude(enabled=enabled):
            record(widget, CHANGED, {"enabled": (not enabled, enabled)})
        return widgets.update(enabled=enabled, updated_at=timezone.now())


def duplicate_widget(*, widget: WidgetConfig) -> WidgetConfig:
    """Create a disabled widget with the same settings.

    Raises `conflict` at MAX_WIDGETS.
    """
    name = f"{widget.name} (copy)" if widget.name else None
    if name and len(name) > MAX_NAME:
        name = f"{str(widget.name)[: MAX_NAME - 7]} (copy)"
    data = config_data(widget, name=name, enabled=False)
    return create_widget(organization=widget.organization, data=data)


def allow_origin(*, widget: WidgetConfig, origin: str) -> WidgetConfig:
    """Add a site to a widget's list of allowed origins, if it has one; raise `invalid`."""
    with transaction.atomic():
        fresh = lock_widget(widget=widget)
        if fresh.allowed_origins is None:
            return fresh
        return change_widget(widget=fresh, allowed_origins=[*fresh.allowed_origins, origin])


def delete_widget(*, widget: WidgetConfig, expected_version: ExpectedVersion = None) -> None:
    """Delete a widget with its conversations, and end its open chats.

    Raises VersionConflictError as `update_widget` does.
    """
    with transaction.atomic():
        if expected_version is not None:
            _check_version(lock_widget(widget=widget), expected_version)
        delete_conversations(sessions=WidgetSession.objects.filter(widget=widget))
        widget.delete()


def reset_widget_id(
    *, widget: WidgetConfig, expected_version: ExpectedVersion = None
) -> WidgetConfig:
    """Replace the widget's public identifier; pages with the old one no longer show the widget.

    Raises VersionConflictError as `update_widget` does.
    """
    with transaction.atomic():
        fresh = lock_widget(widget=widget)
        _check_version(fresh, expected_version)
        fresh.widget_id = generate_widget_id()
        fresh.save(update_fields=["widget_id", "updated_at"])
    widget.widget_id = fresh.widget_id
    widget.updated_at = fresh.updated_at
    return widget


def public_config(widget: WidgetConfig) -> WidgetPublicConfig:
    """Return the nine public keys, named one by one so that no other setting can leak."""
    return {
        "name": widget.name,
        "greeting": widget.greeting,
        "primary_color": widget.primary_color,
        "text_color": widget.text_color,
        "position": widget.position,
        "contact_info_mode": widget.contact_info_mode,
        "collect_name": widget.collect_name,
        "collect_email": widget.collect_email,
        "collect_phone": widget.collect_phone,
    }


def config_data(widget: WidgetConfig, **changes: Any) -> WidgetConfigData:
    """Return the settings of a widget as data, with these changes."""
    names = WidgetConfigData.__dataclass_fields__
    return WidgetConfigData(**{**{name: getattr(widget, name) for name in names}, **changes})


def lock_widget(*, widget: WidgetConfig) -> WidgetConfig:
    """Return the row, locked until the transaction ends; raise `not_found` if it is gone."""
    rows = WidgetConfig.objects.select_for_update(of=("self",)).select_related("organization")
    fresh = rows.filter(id=widget.id).first()
    if fresh is None:
        raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such widget.")
    return fresh


def _assign(widget: WidgetConfig, data: WidgetConfigData) -> list[str]:
    """Set the columns of the widget; return their names."""
    columns = data_columns(data)
    for name, value in columns.items():
        setattr(widget, name, value)
    return list(columns)


def _check_version(locked: WidgetConfig, expected: ExpectedVersion) -> None:
    check_version(
        expected,
        widget_version(locked),
        noun="widget",
        changes=lambda version: _changes(locked, version),
    )


def _changes(widget: WidgetConfig, version: str) -> dict[str, Any]:
    """Return the current values of the settings that changed after that version."""
    values = asdict(config_data(widget))
    values |= {"text_agent_id": str(widget.text_agent_id), "widget_id": widget.widget_id}
    columns = changed_since(widget, version)
    if columns is None:
        return values
    names = {SETTING_OF_COLUMN.get(column, column) for column in columns}
    return {name: value for name, value in values.items() if name in names}
