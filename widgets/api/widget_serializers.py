"""The JSON of widgets."""

from typing import Any

from rest_framework import serializers

from loquent.rest.errors import flatten
from loquent.rest.openapi import UUID_EXAMPLE, examples
from loquent.rest.serializers import LongTextField, StrictSerializer, TextField
from widgets.models import (
    MAX_NOTICE,
    MAX_NOTICE_URL,
    WidgetConfig,
)
from widgets.services.configs import change_widget, create_widget, update_widget
from widgets.services.setup.snippets import embed_code
from widgets.services.validation import MAX_ORIGINS, MAX_RECIPIENTS, MAX_STARTERS
from widgets.types import NoticeData, WidgetConfigData


class ItemsField(serializers.ListField):
    """A list; errors in its items are reported for the list."""

    def run_child_validation(self, data: Any) -> Any:
        try:
            return super().run_child_validation(data)
        except serializers.ValidationError as error:
            sentences = [
                f"Item {int(position) + 1}: {sentence}"
                for position, found in flatten(error.detail).items()
                for sentence in found
            ]
            raise serializers.ValidationError(sentences) from None


class NoticeSerializer(serializers.Serializer[NoticeData]):
    """The AI disclosure or privacy line. Replaced as a whole, also by PATCH."""

    text = LongTextField(max_length=MAX_NOTICE, allow_blank=True)
    url = TextField(
        max_length=MAX_NOTICE_URL,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="An absolute http or https address, such as a privacy policy's.",
    )
    consent = serializers.BooleanField(
        required=False, help_text="Visitors must agree before their first message."
    )

    def to_internal_value(self, data: Any) -> NoticeData:
        given = super().to_internal_value(data)
        # With PATCH the inner fields would become optional as well.
        if "text" not in given:
            raise serializers.ValidationError(
                {"text": [self.fields["text"].error_messages["required"]]}
            )
        return {
            "text": given["text"],
            "url": given.get("url"),
            "consent": given.get("consent", False),
        }


WIDGET = {
    "text_agent_id": "7d0c4f8a-5f0b-4b8e-9a53-1f7c5f4f2c02",
    "name": "Shop",
    "greeting": "Hello! How can I help?",
    "allowed_origins": ["https://www.example.com"],
    "daily_message_cap": 500,
    "starters": ["How long does shipping take?"],
    "notice": {
        "text": "Our assistant is an AI and can be wrong.",
        "url": "https://www.example.com/privacy",
        "consent": False,
    },
}


@examples(
    request=WIDGET,
    response={
        "id": UUID_EXAMPLE,
        "organization_id": "0b9d1d4e-52a4-4c53-8d25-4a0b0f8f7b01",
        "widget_id": "wid_…",
        "primary_color": "#6366f1",
        "text_color": "#ffffff",
        "position": "bottom_right",
        "contact_info_mode": "none",
        "collect_name": False,
        "collect_email": False,
        "collect_phone": False,
        "handoff_enabled": True,
        "handoff_recipients": [],
        "enabled": True,
        "embed_code": '<script src="https://chat.example.com/api/widget/embed.js" …></script>',
        "created_at": "2026-01-05T09:30:00.000000Z",
        "updated_at": "2026-01-05T09:30:00.000000Z",
        **WIDGET,
    },
)
class WidgetSerializer(StrictSerializer[WidgetConfig]):
    """A widget. `embed_code` is the tag to paste on a page."""

    organization_id = serializers.UUIDField(read_only=True)
    text_agent_id = serializers.UUIDField()
    name = TextField(max_length=100, required=False, allow_null=True, allow_blank=True)
    greeting = LongTextField(max_length=2_000, required=False, allow_null=True, allow_blank=True)
    starters = ItemsField(
        child=TextField(max_length=1_000),
        max_length=MAX_STARTERS,
        required=False,
        help_text="Questions that visitors can send with one click before their first message.",
    )
    notice = NoticeSerializer(
        required=False, allow_null=True, help_text="Shown to visitors; null: no notice."
    )
    allowed_origins = ItemsField(
        child=TextField(max_length=300),
        max_length=MAX_ORIGINS,
        required=False,
        allow_null=True,
        help_text="Origins such as https://example.com or https://*.example.com; null: any site.",
    )
    daily_message_cap = serializers.IntegerField(
        min_value=0, max_value=2_147_483_647, required=False, allow_null=True
    )
    handoff_recipients = ItemsField(
        child=serializers.UUIDField(),
        max_length=MAX_RECIPIENTS,
        required=False,
        help_text="Ids of members (`/api/v1/members/`) who may answer. One of them gets the email "
        "about a waiting visitor if no one is using the inbox; without any, an owner.",
    )
    embed_code = serializers.SerializerMethodField()

    class Meta:
        model = WidgetConfig
        fields = [
            "id",
            "organization_id",
            "widget_id",
            "text_agent_id",
            "name",
            "greeting",
            "primary_color",
            "text_color",
            "position",
            "contact_info_mode",
            "collect_name",
            "collect_email",
            "collect_phone",
            "starters",
            "notice",
            "allowed_origins",
            "daily_message_cap",
            "handoff_enabled",
            "handoff_recipients",
            "enabled",
            "embed_code",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["widget_id"]

    def get_embed_code(self, widget: WidgetConfig) -> str:
        return embed_code(widget)

    def create(self, validated_data: dict[str, Any]) -> WidgetConfig:
        organization = validated_data.pop("organization")
        return create_widget(organization=organization, data=WidgetConfigData(**validated_data))

    def update(self, instance: WidgetConfig, validated_data: dict[str, Any]) -> WidgetConfig:
        # PUT starts from the defaults, PATCH from the stored values.
        if self.partial:
            return change_widget(widget=instance, **validated_data)
        expected = validated_data.pop("expected_version", None)
        data = WidgetConfigData(**validated_data)
        return update_widget(widget=instance, data=data, expected_version=expected)
