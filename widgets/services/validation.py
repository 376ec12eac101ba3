"""What a widget's settings must be, and the one place that says so."""

from collections.abc import Sequence
from dataclasses import replace

from django.core.exceptions import ValidationError

from loquent.agents.models import TextAgent
from loquent.errors import invalid
from loquent.organizations.models import Organization
from widgets.models import WidgetConfig
from widgets.services.origins import OriginError, normalize_origin_entry
from widgets.types import ContactInfoMode, WidgetConfigData

MAX_ORIGINS = 50


def validate_widget_data(*, organization: Organization, data: WidgetConfigData) -> WidgetConfigData:
    """The settings as they are to be stored (texts trimmed, origins normalised).

    Raises ApplicationError `invalid` that names every field at fault. A text agent of another
    organization is answered as one that doesn't exist.
    """
    fields: dict[str, list[str]] = {}
    data = replace(data, name=_text_or_none(data.name), greeting=_text_or_none(data.greeting))
    if data.allowed_origins is not None:
        try:
            data = replace(data, allowed_origins=normalize_origins(data.allowed_origins))
        except ValidationError as error:
            fields["allowed_origins"] = error.messages
    if not TextAgent.objects.filter(organization=organization, id=data.text_agent_id).exists():
        fields["text_agent_id"] = ["There is no such text agent."]
    collects = data.collect_name or data.collect_email or data.collect_phone
    if data.contact_info_mode == ContactInfoMode.REQUIRED and not collects:
        fields["contact_info_mode"] = [
            "Required contact information needs at least one of name, email and phone."
        ]
    candidate = WidgetConfig(organization=organization, widget_id="wid_candidate", **_columns(data))
    try:
        candidate.clean_fields(
            exclude=["organization", "text_agent", "widget_id", "allowed_origins"]
        )
    except ValidationError as error:
        fields |= error.message_dict
    if fields:
        raise invalid(fields)
    return data


def normalize_origins(entries: Sequence[str]) -> list[str]:
    """The entries in their stored form, each once, in order.

    Raises ValidationError with a sentence per bad entry; an empty list is refused as well, since
    it would shut out everybody (null is what allows any site).
    """
    if not entries:
        raise ValidationError("The list is empty. Name a site, or use null to allow any site.")
    if len(entries) > MAX_ORIGINS:
        raise ValidationError(f"At most {MAX_ORIGINS} origins can be listed.")
    normalized: list[str] = []
    reasons: list[str] = []
    for entry in entries:
        try:
            origin = normalize_origin_entry(entry)
        except OriginError as error:
            reasons.append(str(error))
            continue
        if origin not in normalized:
            normalized.append(origin)
    if reasons:
        raise ValidationError(reasons)
    return normalized


def _text_or_none(text: str | None) -> str | None:
    return (text or "").strip() or None


def _columns(data: WidgetConfigData) -> dict[str, object]:
    return {name: getattr(data, name) for name in data.__dataclass_fields__}
