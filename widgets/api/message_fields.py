"""The fields of a message that are lists or objects."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from widgets.action_types import ActionStatus


@extend_schema_field(
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["title", "url"],
            "properties": {"title": {"type": "string"}, "url": {"type": "string"}},
        },
    }
)
class SourcesField(serializers.JSONField):
    """A source of an answer, as stored with the answer."""


@extend_schema_field(
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["title", "message"],
            "properties": {"title": {"type": "string"}, "message": {"type": "string"}},
        },
    }
)
class ChoicesField(serializers.JSONField):
    """A button below an answer: what it says, and the message that a click sends."""


@extend_schema_field(
    {
        "type": "object",
        "required": ["id", "title", "arguments", "status"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "title": {"type": "string"},
            "arguments": {"type": "object", "additionalProperties": {}},
            "status": {"type": "string", "enum": ActionStatus.values},
        },
    }
)
class ActionField(serializers.JSONField):
    """A change that an answer proposes, and whether the visitor has confirmed it."""
