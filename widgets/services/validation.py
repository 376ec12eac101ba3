"""Validate a widget's settings. No other module has rules for them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError

from loquent.agents.models import TextAgent
from loquent.errors import invalid
from loquent.organizations.access import answering_members
from loquent.organizations.models import Organization
from loquent.text import clean_text, is_blank
from widgets.models import WidgetConfig
from widgets.origins import OriginError, normalize_origin_entry
from widgets.types import ContactInfoMode, NoticeData, WidgetConfigData

MAX_ORIGINS = 50
MAX_STARTERS = 6
MAX_STARTER = 120
MAX_RECIPIENTS = 100
# Columns whose API name, used in errors, differs.
FIELD_OF_COLUMN = {
    "notice_text": "notice.text",
    "notice_url": "notice.url",
    "notice_consent": "notice.consent",
}


def validate_widget_data(*, organization: Organization, data: WidgetConfigData) -> WidgetConfigData:
    """Return the settings in their stored form (texts trimmed, origins normalized).

    Raises ApplicationError `invalid` naming every invalid field. Another organization's text agent
    is reported as non-existent.
    """
    fields: dict[str, list[str]] = {}
    data = replace(
        data,
        name=_text_or_none(data.name),
        greeting=_text_or_none(data.greeting),
        notice=_clean_notice(data.notice),
    )
    try:
        data = replace(data, starters=clean_starters(data.starters))
    except ValidationError as error:
        fields["starters"] = error.messages
    if data.notice is not None and not data.notice["text"]:
        fields["notice.text"] = ["Enter the text of the notice. A link or consent needs one."]
    if data.allowed_origins is not None:
        try:
            data = replace(data, allowed_origins=normalize_origins(data.allowed_origins))
        except ValidationError as error:
            fields["allowed_origins"] = error.messages
    try:
        recipients = clean_recipients(organization, data.handoff_recipients)
        data = replace(data, handoff_recipients=recipients)
    except ValidationError as error:
        fields["handoff_recipients"] = error.messages
    if not TextAgent.objects.filter(organization=organization, id=data.text_agent_id).exists():
        fields["text_agent_id"] = ["There is no such text agent."]
    collects = data.collect_name or data.collect_email or data.collect_phone
    if data.contact_info_mode == ContactInfoMode.REQUIRED and not collects:
        fields["contact_info_mode"] = [
            "Required contact information needs at least one of name, email and phone."
        ]
    candidate = WidgetConfig(
        organization=organization, widget_id="wid_candidate", **data_columns(data)
    )
    try:
        candidate.clean_fields(
            exclude=[
                *("organization", "text_agent", "widget_id", "allowed_origins", "starters"),
                "handoff_recipients",
            ]
        )
    except ValidationError as error:
        for column, sentences in error.message_dict.items():
            fields.setdefault(FIELD_OF_COLUMN.get(column, column), sentences)
    if fields:
        raise invalid(fields)
    return data


def normalize_origins(entries: Sequence[str]) -> list[str]:
    """Return the entries in their stored form, without duplicates, in order.

    Raises ValidationError with one sentence per invalid entry. An empty list is refused as well,
    because it would lock out every site (null allows any site).
    """
    if not entries:
        raise ValidationError("The list is empty. Add a site, or use null to allow any site.")
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


def clean_starters(starters: Sequence[str]) -> list[str]:
    """Return the suggested questions, each on one line and without duplicates, in order.

    Raises ValidationError with one sentence per invalid question.
    """
    if len(starters) > MAX_STARTERS:
        raise ValidationError(f"At most {MAX_STARTERS} questions can be suggested.")
    cleaned: dict[str, str] = {}
    reasons: list[str] = []
    for number, starter in enumerate(starters, 1):
        text = " ".join(clean_text(starter).split())
        if is_blank(text):
            reasons.append(f"Question {number} is empty.")
        elif len(text) > MAX_STARTER:
            reasons.append(
                f"Question {number} has {len(text)} characters; the maximum is {MAX_STARTER}."
            )
        else:
            cleaned.setdefault(text.casefold(), text)
    if reasons:
        raise ValidationError(reasons)
    return list(cleaned.values())


def clean_recipients(organization: Organization, member_ids: Sequence[str]) -> list[str]:
    """Return the ids of members without duplicates, in order.

    Raises ValidationError if one is not the id of a member of the organization who may answer.
    """
    wanted = list(dict.fromkeys(str(each) for each in member_ids))
    known = {str(member.id) for member in answering_members(organization.id)} if wanted else set()
    if unknown := [each for each in wanted if each not in known]:
        raise ValidationError(
            [f"There is no member {each}, or they may not answer." for each in unknown]
        )
    return wanted


def data_columns(data: WidgetConfigData) -> dict[str, Any]:
    """Return the settings as table columns."""
    columns = {name: getattr(data, name) for name in data.__dataclass_fields__ if name != "notice"}
    notice = data.notice
    return {
        **columns,
        "notice_text": notice["text"] if notice else None,
        "notice_url": notice["url"] if notice else None,
        "notice_consent": notice["consent"] if notice else False,
    }


def _text_or_none(text: str | None) -> str | None:
    return (text or "").strip() or None


def _clean_notice(notice: NoticeData | None) -> NoticeData | None:
    """Return the notice trimmed; None if it has no content."""
    if notice is None:
        return None
    text = clean_text(notice["text"]).strip()
    url = _text_or_none(notice["url"])
    if is_blank(text) and url is None and not notice["consent"]:
        return None
    return {"text": "" if is_blank(text) else text, "url": url, "consent": notice["consent"]}
