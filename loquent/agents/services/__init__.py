"""The operations on text agents: what other apps import."""

from loquent.agents.backends.registry import DEFAULT_MODEL, free_models
from loquent.agents.metering import FREE, TokenCounts
from loquent.agents.services.agents import (
    AgentData,
    EntryData,
    agent_version,
    create_agent,
    delete_agent,
    update_agent,
)
from loquent.agents.services.budget import (
    Reservation,
    check_tokens_left,
    reserve_tokens,
    settle_tokens,
)
from loquent.agents.services.generation import generate_reply
from loquent.agents.services.loading import (
    FoundAgent,
    LoadedReply,
    bound_history,
    find_agents,
    needs_database,
    reply_request,
)

__all__ = [
    "DEFAULT_MODEL",
    "FREE",
    "AgentData",
    "EntryData",
    "FoundAgent",
    "LoadedReply",
    "Reservation",
    "TokenCounts",
    "agent_version",
    "bound_history",
    "check_tokens_left",
    "create_agent",
    "delete_agent",
    "find_agents",
    "free_models",
    "generate_reply",
    "needs_database",
    "reply_request",
    "reserve_tokens",
    "settle_tokens",
    "update_agent",
]
