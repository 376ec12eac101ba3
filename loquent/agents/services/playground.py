"""Generate replies from unsaved settings, for the playground next to an agent's form."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from django.conf import settings

from loquent.agents.actions.turn import usable
from loquent.agents.models import TextAgent
from loquent.agents.services.actions import load_actions
from loquent.agents.services.agents import AgentData, assign_settings
from loquent.agents.services.connections import endpoint_for
from loquent.agents.services.loading import FoundAgent, LoadedReply, find_agent, request_of
from loquent.agents.types import ChatMessage
from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.organizations.models import Organization
from loquent.ratelimit.buckets import Rate
from loquent.ratelimit.shared import limiter

MAX_MESSAGES = 40
MAX_CHARS = 4_000
RATE = Rate("playground", 20, 60, 10)


def charge_playground(*, user_key: str) -> None:
    """Count one message of a member, or raise `rate_limited`. May wait for Redis."""
    if not settings.RATE_LIMITS:
        return
    refused = limiter.take((RATE, user_key))
    if refused is not None:
        seconds = refused[1]
        raise ApplicationError(
            ErrorCode.RATE_LIMITED,
            f"You are sending messages too fast. Please wait {seconds} s.",
            retry_after=seconds,
        )


def draft_reply(
    *,
    organization: Organization,
    data: AgentData,
    messages: Sequence[ChatMessage],
    saved_id: uuid.UUID | None = None,
) -> LoadedReply:
    """Return the request for an agent with these settings; write nothing.

    `saved_id`: the agent of the organization that is edited, whose knowledge counts; None for a
    new one. Raises `invalid` that names the field at fault, or `not_found`.
    """
    _check(messages)
    if saved_id is None:
        found: FoundAgent | None = FoundAgent(
            row=TextAgent(organization=organization),
            knowledge_version="",
            has_knowledge=False,
            daily_tokens=organization.daily_token_budget,
            timezone=organization.timezone,
        )
    else:
        found = find_agent(saved_id)
    if found is None or found.row.organization_id != organization.id:
        raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such text agent.")
    assign_settings(found.row, data)
    chosen = found.row.connection
    found = replace(found, endpoint=endpoint_for(chosen) if chosen else None)
    loaded = request_of(found, messages=messages, key=f"playground-{organization.id}")
    if not found.actions_version:
        return loaded
    # Nothing is called: a try shows what would be.
    actions = usable(load_actions(found.row.id, found.actions_version), can_confirm=True)
    return replace(loaded, request=replace(loaded.request, actions=actions, is_dry=True))


def _check(messages: Sequence[ChatMessage]) -> None:
    if not messages or messages[-1].role != "user" or not messages[-1].content.strip():
        raise invalid({"message": ["Please write a message first."]})
    if len(messages) > MAX_MESSAGES:
        raise invalid({"message": ["This conversation is too long. Please start over."]})
    if any(len(m.content) > MAX_CHARS for m in messages if m.role == "user"):
        raise invalid({"message": [f"A message can have at most {MAX_CHARS:,} characters."]})
