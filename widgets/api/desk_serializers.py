"""The JSON of saved replies, availability and drafts."""

from typing import Any

from rest_framework import serializers

from loquent.organizations.models import Availability
from loquent.rest.openapi import UUID_EXAMPLE, examples
from loquent.rest.serializers import StrictSerializer, SwitchField, TextField
from loquent.text import clean_text
from widgets.api.handoff_serializers import ActingSerializer, Words
from widgets.models import SavedReply
from widgets.models.desk import MAX_DRAFT, MAX_REPLY_NAME, MAX_SAVED_REPLY
from widgets.services.handoff.saved_replies import fill_variables

SAVED_REPLY = {"name": "Returns", "content": "Hello {visitor|there}!", "shared": True}


@examples(
    request=SAVED_REPLY,
    response={
        "id": UUID_EXAMPLE,
        **SAVED_REPLY,
        "text": None,
        "created_at": "2026-01-05T09:30:00.000000Z",
        "updated_at": "2026-01-05T09:30:00.000000Z",
    },
)
class SavedReplySerializer(StrictSerializer[SavedReply]):
    """A text to answer with. `text`: with its variables filled in, in a list for a session."""

    name = Words(max_length=MAX_REPLY_NAME)
    content = Words(max_length=MAX_SAVED_REPLY)
    shared = SwitchField(
        required=False, help_text="All members can use it. Only admins and API keys can share."
    )
    text = serializers.SerializerMethodField()

    class Meta:
        model = SavedReply
        fields = ["id", "name", "content", "shared", "text", "created_at", "updated_at"]

    def get_text(self, row: SavedReply) -> str | None:
        session = self.context.get("session")
        if session is None:
            return None
        return fill_variables(row.content, session=session, member=self.context["member"])


@examples(
    request={"status": "away", "until": "2026-01-05T13:00:00Z"},
    response={"status": "away", "until": "2026-01-05T13:00:00.000000Z"},
)
class AvailabilitySerializer(serializers.Serializer[Any]):
    """Whether a member can answer now. `until`: when they are online again."""

    status = serializers.ChoiceField(choices=Availability.choices)
    until = serializers.DateTimeField(required=False, allow_null=True)
    member = serializers.UUIDField(
        required=False,
        write_only=True,
        help_text="The member for whom an API key acts; required with a key.",
    )


class _Typed(TextField):
    """What a member has typed so far, with its spaces."""

    def to_internal_value(self, data: Any) -> str:
        return clean_text(super().to_internal_value(data))


@examples(
    request={"content": "It left our"},
    response={"content": "It left our", "updated_at": "2026-01-05T09:32:00.000000Z"},
)
class DraftSerializer(ActingSerializer):
    """What a member has typed and not sent; empty without a draft."""

    content = _Typed(max_length=MAX_DRAFT, allow_blank=True, trim_whitespace=False)
    updated_at = serializers.DateTimeField(read_only=True, allow_null=True)
    member = serializers.UUIDField(required=False, write_only=True)
