"""Requests of an agent's admin page, and the error responses to them."""

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.http import Http404, JsonResponse

from loquent.agents.models import KnowledgeEntry, ModelConnection, TextAgent
from loquent.agents.services.agents import AgentData
from loquent.agents.services.entries import save_entry
from loquent.agents.types import ChatMessage
from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.organizations.models import Organization
from loquent.text import clean_text, strip_invisible, unix_lines

MAX_INSTRUCTIONS = 20_000
STATUS = {
    ErrorCode.INVALID: 400,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.UNAVAILABLE: 503,
}


def failure(error: ApplicationError) -> JsonResponse:
    """Return an error response: a sentence, and the sentences for each field."""
    body = {"message": error.message, "fields": error.fields}
    response = JsonResponse(body, status=STATUS.get(error.code, 400))
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response


def save_sent_entry(agent: TextAgent, form: Mapping[str, str]) -> KnowledgeEntry:
    """Save the entry in an entry's form; raise as `save_entry`."""
    named, version = form.get("id", ""), form.get("version", "")
    try:
        seen = datetime.fromisoformat(version) if version else None
    except ValueError:
        raise ApplicationError(ErrorCode.INVALID, "Reload the page and try again.") from None
    return save_entry(
        agent=agent,
        entry_id=id_of(named) if named else None,
        expected_version=seen,
        data={
            "title": strip_invisible(form.get("title", "")),
            "content": unix_lines(form.get("content", "")).strip(),
            "url": _address(strip_invisible(form.get("url", ""))),
        },
    )


def id_of(text: str) -> UUID:
    """Return an id that a page sent, or raise Http404 if it is not one."""
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def _address(typed: str) -> str:
    """Return an address as browsers read it: https, if it names no scheme."""
    return typed if not typed or "://" in typed else f"https://{typed}"


def draft_data(form: Mapping[str, str], organization: Organization) -> AgentData:
    """Return the settings in an agent's form, saved or not; raise `invalid`."""
    try:
        tokens = int(form.get("max_output_tokens", ""))
    except ValueError:
        raise invalid({"Maximum answer length": ["Enter a whole number."]}) from None
    temperature = form.get("temperature", "").strip()
    try:
        freedom = float(temperature) if temperature else None
    except ValueError:
        raise invalid({"Temperature": ["Enter a number from 0 to 2."]}) from None
    instructions = clean_text(unix_lines(form.get("instructions", "")))
    if len(instructions) > MAX_INSTRUCTIONS:
        raise invalid({"Instructions": [f"Use at most {MAX_INSTRUCTIONS:,} characters."]})
    return {
        # A try needs no name.
        "name": strip_invisible(form.get("name", "")) or "Untitled",
        "model": strip_invisible(form.get("model", "")),
        "connection": _connection(form.get("connection", ""), organization),
        "instructions": instructions,
        "max_output_tokens": tokens,
        "temperature": freedom,
        "fallback_sentence": form.get("fallback_sentence", "").strip() or "—",
    }


def _connection(chosen: str, organization: Organization) -> ModelConnection | None:
    if not chosen:
        return None
    try:
        return ModelConnection.objects.get(id=UUID(chosen), organization=organization)
    except (ValueError, ModelConnection.DoesNotExist):
        raise invalid({"Connection": ["There is no such connection."]}) from None


def draft_messages(text: str) -> list[ChatMessage]:
    """Return the conversation so far, which the page sends as JSON; raise `invalid`."""
    try:
        lines = json.loads(text)
        return [
            ChatMessage("user" if line["role"] == "user" else "assistant", clean_text(content))
            for line in lines
            if isinstance(content := line["content"], str)
        ]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise invalid({"message": ["Reload the page and try again."]}) from None
