"""The JSON of conversations and their messages."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from loquent.agents.services import DEFAULT_MODEL
from loquent.agents.types import VisitorPage
from loquent.organizations.models import Membership
from loquent.rest.openapi import UUID_EXAMPLE, examples
from loquent.rest.serializers import StrictSerializer
from widgets.api.handoff_serializers import SurveySerializer
from widgets.api.message_fields import ActionField, ChoicesField, SourcesField
from widgets.models import WidgetMessage, WidgetSession
from widgets.team_types import WantedReason
from widgets.types import AnswerOutcome, CutReason, MessageStatus, Reason

SESSION: dict[str, Any] = {
    "id": UUID_EXAMPLE,
    "widget_id": "7d0c4f8a-5f0b-4b8e-9a53-1f7c5f4f2c02",
    "contact_id": None,
    "page": {
        "url": "https://www.example.com/bags",
        "title": "Bags",
        "referrer": "",
        "context": {},
        "at": "2026-01-05T09:30:00.000000Z",
    },
    "message_count": 2,
    "last_answer": "complete",
    "outcome": "answered",
    "needs_attention": [],
    "last_active_at": "2026-01-05T09:31:00.000000Z",
    "ended_at": None,
    "handler": "agent",
    "assignee": None,
    "status": "open",
    "revision": 0,
    "waiting_since": None,
    "wanted_reason": None,
    "follow_up": False,
    "snoozed_until": None,
    "reply_email": None,
    "survey": None,
    "created_at": "2026-01-05T09:30:00.000000Z",
}
MESSAGE = {
    "id": "0b9d1d4e-52a4-4c53-8d25-4a0b0f8f7b01",
    "seq": 2,
    "role": "assistant",
    "author": None,
    "kind": "text",
    "content": "Parcels arrive within two days.",
    "status": "complete",
    "outcome": "answered",
    "cut_reason": None,
    "created_at": "2026-01-05T09:31:00.000000Z",
    "client_message_id": None,
    "page_url": "",
    "sources": [{"title": "Shipping", "url": "https://example.com/shipping"}],
    "model": DEFAULT_MODEL,
    "input_tokens": None,
    "output_tokens": None,
    "first_token_ms": 3,
    "duration_ms": 120,
    "rating": "up",
    "rating_comment": "",
}


class PageSerializer(serializers.Serializer[VisitorPage]):
    """The visitor's page, as their browser reports it: untrusted. `at`: when they reached it."""

    url = serializers.CharField()
    title = serializers.CharField()
    referrer = serializers.CharField()
    context = serializers.DictField()  # type: ignore[assignment]  # the metaclass takes it away
    at = serializers.DateTimeField()


class AssigneeSerializer(serializers.Serializer[Membership]):
    """The member who has a conversation. `name` is the one that visitors read."""

    id = serializers.UUIDField()
    name = serializers.CharField(source="public_name")


class AuthorSerializer(serializers.Serializer[Any]):
    """The person who wrote a message, by the name of that time."""

    name = serializers.CharField(source="author")


class EndField(serializers.ChoiceField):
    """The outcome of something; null, stored as an empty text, if it is still open."""

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(value) or None


@examples(response=SESSION)
class WidgetSessionSerializer(StrictSerializer[WidgetSession]):
    """A visitor's conversation. `widget_id` and `contact_id` are the ids (UUID) of those rows."""

    page = PageSerializer(read_only=True, allow_null=True)

    widget_id = serializers.UUIDField(read_only=True)
    contact_id = serializers.UUIDField(read_only=True, allow_null=True)
    message_count = serializers.IntegerField(
        source="last_seq", read_only=True, help_text="The number of messages, from both sides."
    )
    last_answer = EndField(
        source="last_answer_status",
        choices=MessageStatus.choices,
        read_only=True,
        allow_null=True,
        help_text=(
            "How the latest question ended: the status of its answer or, if there is none, the "
            "reason. Null until the first question has ended."
        ),
    )

    outcome = EndField(
        choices=AnswerOutcome.choices,
        read_only=True,
        allow_null=True,
        help_text="The outcome of the latest answer. Null until the first question has ended.",
    )

    needs_attention = serializers.ListField(
        child=serializers.ChoiceField(choices=Reason.choices),
        source="reasons",
        read_only=True,
        help_text=(
            "Why staff should look at the conversation, most urgent first. Empty: no reason, or "
            "marked as done."
        ),
    )

    assignee = AssigneeSerializer(read_only=True, allow_null=True)
    waiting_since = serializers.DateTimeField(
        source="waits_since",
        read_only=True,
        allow_null=True,
        help_text="When the visitor wrote the oldest message that neither a person nor the agent "
        "has answered, or asked for a person; null if no one waits.",
    )
    wanted_reason = EndField(
        choices=WantedReason.choices,
        read_only=True,
        allow_null=True,
        help_text="Why a person is wanted; null if none is.",
    )
    reply_email = serializers.SerializerMethodField(
        help_text="The visitor's address for answers; null if they left none."
    )

    survey = SurveySerializer(
        read_only=True,
        allow_null=True,
        help_text="How the visitor rated the people who answered; null if they did not.",
    )

    def get_reply_email(self, session: WidgetSession) -> str | None:
        return session.reply_email or None

    class Meta:
        model = WidgetSession
        fields = [
            "id",
            "widget_id",
            "contact_id",
            "page",
            "message_count",
            "last_answer",
            "outcome",
            "needs_attention",
            "last_active_at",
            "ended_at",
            "handler",
            "assignee",
            "status",
            "revision",
            "waiting_since",
            "wanted_reason",
            "follow_up",
            "snoozed_until",
            "reply_email",
            "survey",
            "created_at",
        ]


@examples(response=MESSAGE)
class WidgetMessageSerializer(StrictSerializer[WidgetMessage]):
    """A message of a conversation; token counts and times are null if the model reported none."""

    outcome = EndField(
        choices=AnswerOutcome.choices,
        read_only=True,
        allow_null=True,
        help_text=(
            "The result of the answer for the visitor. `no_answer`: it says nothing was found; "
            "`refused`: the provider declined because of the content. Null for visitors' messages."
        ),
    )
    author = serializers.SerializerMethodField(
        help_text="The person who wrote a staff message; null for all other messages."
    )
    sources = SourcesField(read_only=True)
    # Not read-only, so that the schema doesn't require it; nothing is written with this.
    choices = ChoicesField(
        required=False,
        help_text="The buttons below an answer that asks what is meant; absent if it has none.",
    )
    action = ActionField(
        required=False,
        help_text="The change that the answer proposes; absent if it proposes none.",
    )
    cut_reason = EndField(
        choices=CutReason.choices,
        read_only=True,
        allow_null=True,
        help_text="Why an answer with the status `cut` is incomplete; null for any other message.",
    )

    @extend_schema_field(AuthorSerializer(allow_null=True))
    def get_author(self, message: WidgetMessage) -> dict[str, str] | None:
        return {"name": message.author} if message.author else None

    class Meta:
        model = WidgetMessage
        fields = [
            "id",
            "seq",
            "role",
            "author",
            "kind",
            "content",
            "status",
            "outcome",
            "cut_reason",
            "created_at",
            "client_message_id",
            "page_url",
            "sources",
            "choices",
            "action",
            "model",
            "input_tokens",
            "output_tokens",
            "first_token_ms",
            "duration_ms",
            "rating",
            "rating_comment",
        ]

    def to_representation(self, instance: WidgetMessage) -> dict[str, Any]:
        return without_empty_choices(super().to_representation(instance))


def without_empty_choices(message: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a message without empty `choices` and `action`, as in frames."""
    for name in ("choices", "action"):
        if not message[name]:
            del message[name]
    return message


class WidgetSessionExportSerializer(WidgetSessionSerializer):
    """A line of an export: a conversation with all its messages."""

    messages = WidgetMessageSerializer(many=True, read_only=True)

    class Meta(WidgetSessionSerializer.Meta):
        fields = [*WidgetSessionSerializer.Meta.fields, "messages"]
