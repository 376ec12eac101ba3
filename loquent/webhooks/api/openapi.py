"""The section `webhooks` of the OpenAPI document: what receivers get."""

from typing import Any

from loquent.webhooks.types import EventType

Schema = dict[str, Any]

UUID: Schema = {"type": "string", "format": "uuid"}
TEXT: Schema = {"type": "string"}
SEQ: Schema = {"type": "integer", "minimum": 1, "description": "The message's number."}
WIDGET: Schema = {"type": "string", "description": "The public identifier, `wid_…`."}
OF_A_SESSION = {"session_id": UUID, "widget_id": WIDGET}
OF_A_MESSAGE = {
    **OF_A_SESSION,
    "message_id": UUID,
    "seq": SEQ,
    "role": {"type": "string", "enum": ["user", "assistant", "staff"]},
}
OF_A_TRANSITION = {
    **OF_A_SESSION,
    "seq": {"type": "integer", "minimum": 0, "description": "The number of the newest message."},
    "revision": {"type": "integer", "minimum": 1},
    "handler": {"type": "string", "enum": ["agent", "team", "person"]},
    "status": {"type": "string", "enum": ["open", "snoozed", "resolved"]},
    "reason": {"type": "string", "description": "Why a person is wanted."},
    "member_id": UUID,
}
KIND = {"type": "string", "enum": ["notice"], "description": "A line about who answers."}
WITH_TEXT = {"type": "string", "description": "Only with `include_text`."}
TRUNCATED = {"type": "boolean", "description": "True if a text was too long and has been cut."}
OUTCOME = {"type": "string", "description": "Of an answer: what it did for the visitor."}
# Required fields, and optional ones.
DATA: dict[EventType, tuple[Schema, Schema]] = {
    EventType.CONVERSATION_STARTED: (OF_A_MESSAGE, {"text": WITH_TEXT}),
    EventType.MESSAGE_CREATED: (
        OF_A_MESSAGE,
        {"kind": KIND, "outcome": OUTCOME, "text": WITH_TEXT},
    ),
    EventType.PERSON_WANTED: (OF_A_TRANSITION, {}),
    EventType.TAKEN_OVER: (OF_A_TRANSITION, {}),
    EventType.RELEASED: (OF_A_TRANSITION, {}),
    EventType.HANDED_BACK: (OF_A_TRANSITION, {}),
    EventType.RESOLVED: (OF_A_TRANSITION, {}),
    EventType.CONTACT_CREATED: (
        {"contact_id": UUID},
        {"name": WITH_TEXT, "email": WITH_TEXT, "phone": WITH_TEXT},
    ),
    EventType.CONTACT_UPDATED: (
        {"contact_id": UUID},
        {"name": WITH_TEXT, "email": WITH_TEXT, "phone": WITH_TEXT},
    ),
    EventType.ANSWER_FAILED: ({**OF_A_MESSAGE, "outcome": OUTCOME}, {"text": WITH_TEXT}),
    EventType.FEEDBACK_RECEIVED: (
        {
            **OF_A_SESSION,
            "message_id": UUID,
            "seq": SEQ,
            "rating": {"type": "string", "enum": ["up", "down"]},
        },
        {"comment": WITH_TEXT},
    ),
    EventType.LIMIT_REACHED: (
        {"widget_id": WIDGET, "limit": TEXT, "day": {"type": "string", "format": "date"}},
        {},
    ),
    EventType.PING: ({}, {}),
}
# Fields that are null if nothing is known.
NULLABLE = {"email", "phone", "reason", "member_id"}
HEADERS = {
    "webhook-id": "The event's id, the same in every attempt: ignore an id that you know.",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970.",
    "webhook-signature": "`v1,` and the signature in base64; several are separated by spaces.",
}


def add_webhooks(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Describe the requests that receivers get (a hook of drf-spectacular)."""
    result["webhooks"] = {kind.value: {"post": _operation(kind)} for kind in EventType}
    return result


def _operation(kind: EventType) -> Schema:
    required, optional = DATA[kind]
    named = {name: _nullable(name, schema) for name, schema in {**required, **optional}.items()}
    if WITH_TEXT in optional.values():
        named["is_truncated"] = TRUNCATED
    data = {"type": "object", "required": sorted(required), "properties": named}
    body = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": kind.value},
            "timestamp": {
                "type": "string",
                "format": "date-time",
                "description": "When it happened.",
            },
            "data": data if required else {"type": "object", "properties": named},
        },
    }
    return {
        "operationId": "webhook_" + kind.value.replace(".", "_"),
        "summary": f"{kind.label}",
        "description": "Signed as specified by [Standard Webhooks](https://www.standardwebhooks.com/).",
        "tags": ["webhooks"],
        "security": [],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": text,
                "schema": TEXT,
            }
            for name, text in HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "2XX": {"description": "The event was received."},
            "410": {"description": "Disables the webhook."},
            "default": {"description": "The event is sent again later."},
        },
    }


def _nullable(name: str, schema: Schema) -> Schema:
    return {**schema, "type": ["string", "null"]} if name in NULLABLE else schema
