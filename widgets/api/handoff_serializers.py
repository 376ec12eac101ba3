"""The JSON of transitions, notes and the timeline."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from loquent.rest.openapi import UUID_EXAMPLE, examples
from loquent.rest.serializers import TextField
from loquent.text import clean_text, cut_marks, is_blank, normalize_unicode
from widgets.models import ConversationEvent, ConversationNote
from widgets.models.team import MAX_NOTE, EventKind
from widgets.team_types import SurveyData

MAX_REPLY = 10_000
KEY = r"^[A-Za-z0-9_-]{1,64}$"


def asked(value: dict[str, Any]) -> Callable[[Any], Any]:
    """Add the example of a request to a serializer."""
    return extend_schema_serializer(
        examples=[OpenApiExample("request", value=value, request_only=True)]
    )


class Words(TextField):
    """What a member typed, cleaned like a visitor's message."""

    def __init__(self, **kwargs: Any) -> None:
        # The length is one of the cleaned text.
        self._longest = kwargs.pop("max_length")
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = clean_text(super().to_internal_value(data)).strip()
        text = normalize_unicode("NFC", cut_marks(text[: 4 * self._longest + 1])).strip()
        if is_blank(text):
            raise serializers.ValidationError("Write something first.")
        if len(text) > self._longest:
            raise serializers.ValidationError(f"Use at most {self._longest:,} characters.")
        return text


class ActingSerializer(serializers.Serializer[Any]):
    """`member`: for whom an API key acts; a member acts as themselves."""

    member = serializers.UUIDField(
        required=False, help_text="The member for whom an API key acts; required with a key."
    )


@asked({"member": UUID_EXAMPLE})
class TakeOverSerializer(ActingSerializer):
    """`from`: the member from whom the conversation is taken on purpose."""

    def get_fields(self) -> dict[str, Any]:
        taken_from = serializers.UUIDField(
            required=False,
            source="taken_from",
            help_text="Take the conversation from this member on purpose.",
        )
        return {**super().get_fields(), "from": taken_from}


@asked({"member": UUID_EXAMPLE, "content": "It left our warehouse this morning."})
class ReplySerializer(ActingSerializer):
    """A message to the visitor."""

    content = Words(max_length=MAX_REPLY)
    client_message_id = serializers.RegexField(
        KEY, required=False, help_text="A repeat returns the first message."
    )
    after_seq = serializers.IntegerField(
        required=False, min_value=0, help_text="The newest message that its author has seen."
    )
    revision = serializers.IntegerField(
        required=False, min_value=0, help_text="The revision that its author has seen."
    )


@asked({"member": UUID_EXAMPLE})
class AssignSerializer(serializers.Serializer[Any]):
    """`member`: who gets the conversation."""

    member = serializers.UUIDField()


@asked({"until": "2026-01-06T08:00:00Z"})
class SnoozeSerializer(serializers.Serializer[Any]):
    """Until when the conversation is hidden."""

    until = serializers.DateTimeField()


NOTE = {
    "id": UUID_EXAMPLE,
    "author": {"name": "Ana"},
    "content": "Regular customer.",
    "created_at": "2026-01-05T09:32:00.000000Z",
}


@examples(request={"member": UUID_EXAMPLE, "content": "Regular customer."}, response=NOTE)
class NoteSerializer(ActingSerializer):
    """An internal note; visitors never see it."""

    id = serializers.UUIDField(read_only=True)
    author = serializers.SerializerMethodField()
    content = Words(max_length=MAX_NOTE)
    created_at = serializers.DateTimeField(read_only=True)
    member = serializers.UUIDField(required=False, write_only=True)

    def get_author(self, note: ConversationNote) -> dict[str, str]:
        return {"name": note.author}


@examples(response={"results": [NOTE]})
class NoteListSerializer(serializers.Serializer[Any]):
    """All notes of a conversation, oldest first."""

    results = NoteSerializer(many=True)


EVENT = {"kind": "taken_over", "actor": "Ana", "created_at": "2026-01-05T09:32:00.000000Z"}


@examples(response=EVENT)
class EventSerializer(serializers.ModelSerializer[ConversationEvent]):
    """A line of the timeline. `actor`: a member or an API key; empty for a timer."""

    kind = serializers.ChoiceField(choices=EventKind.choices)

    class Meta:
        model = ConversationEvent
        fields = ["kind", "actor", "created_at"]


@examples(response={"results": [EVENT]})
class EventListSerializer(serializers.Serializer[Any]):
    """All events of a conversation, oldest first."""

    results = EventSerializer(many=True)


class SurveySerializer(serializers.Serializer[SurveyData]):
    """A visitor's rating, from 1 to 5."""

    score = serializers.IntegerField(min_value=1, max_value=5)
    comment = serializers.CharField()
