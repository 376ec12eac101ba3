"""Build a backend's request from the database."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from cachetools import LRUCache, cached
from django.conf import settings
from django.db import connection
from django.db.models import Count, Max

from loquent.agents.actions.spec import ActionSpec
from loquent.agents.actions.turn import usable
from loquent.agents.backends.registry import explain_refused_model, is_metered
from loquent.agents.models import DEFAULT_FALLBACK, KnowledgeEntry, TextAgent
from loquent.agents.services.actions import ACTION_COLUMNS, load_actions
from loquent.agents.types import ChatMessage, ModelEndpoint, Passage, ReplyRequest, VisitorPage
from loquent.db.compiled import PreparedQuery
from loquent.encryption import UnreadableSecretError, decrypt
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.services.ceilings import daily_tokens

# More than the largest knowledge.
CACHED_CHARS = 12_000_000


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """The tokens per day that an organization may use, and the time zone of its days.

    The lower of its own budget and the server's ceiling.
    """

    tokens: int
    timezone: str


@dataclass(frozen=True, slots=True)
class LoadedReply:
    """A reply about to be generated. `model` is the full provider:name, for the record.

    `fallback_sentence` is what the visitor reads if there is no answer. `key`: replies are shared
    out fairly between keys. `budget` None: its tokens aren't counted.
    """

    request: ReplyRequest
    model: str
    fallback_sentence: str
    organization_id: uuid.UUID
    key: str = ""
    budget: TokenBudget | None = None


@dataclass(frozen=True, slots=True)
class FoundAgent:
    """An agent, the version of its knowledge, and its organization's own budget (None: none).

    `endpoint` and `own_models`: those of its connection; None without one.
    """

    row: TextAgent
    knowledge_version: str
    has_knowledge: bool
    daily_tokens: int | None
    timezone: str
    endpoint: ModelEndpoint | None = None
    own_models: Collection[str] | None = None
    # Empty without any.
    actions_version: str = ""


_knowledge: LRUCache[tuple[uuid.UUID, str], tuple[Passage, ...]] = LRUCache(
    CACHED_CHARS, getsizeof=lambda passages: sum(len(passage.content) for passage in passages)
)


def reply_request(
    found: FoundAgent | None,
    *,
    messages: Sequence[ChatMessage],
    page: VisitorPage | None = None,
    language: str = "",
    key: str = "",
    can_ask_person: bool = False,
    can_confirm: bool = False,
) -> LoadedReply:
    """Return the request for an agent that `find_agents` looked for.

    `messages`: the conversation, oldest first, ending with the message to answer; it is bounded
    here by LIMITS.model_history_messages and model_history_chars. `page`: where the visitor is.
    `language`: the visitor's browser's. `key`: see LoadedReply. `can_ask_person`: the agent may
    call a person. `can_confirm`: the visitor can confirm changes.

    Raises `agent_unavailable` with the agent's own fallback sentence if the agent is disabled
    or its model unknown or not allowed on this server, and with the default sentence if there
    is no such agent.
    """
    if found is None:
        raise ApplicationError(ErrorCode.AGENT_UNAVAILABLE, DEFAULT_FALLBACK)
    agent = found.row
    refusal = explain_refused_model(agent.model, own_models=found.own_models)
    if not agent.enabled or refusal is not None:
        raise ApplicationError(ErrorCode.AGENT_UNAVAILABLE, agent.fallback_sentence)
    actions: tuple[ActionSpec, ...] = ()
    if found.actions_version:
        actions = usable(load_actions(agent.id, found.actions_version), can_confirm=can_confirm)
    return request_of(
        found,
        messages=messages,
        page=page,
        language=language,
        key=key,
        actions=actions,
        can_ask_person=can_ask_person,
    )


def find_agent(agent_id: uuid.UUID) -> FoundAgent | None:
    """Return an agent with everything else that a request needs; one query."""
    return find_agents([agent_id]).get(agent_id)


_COLUMNS = [field.attname for field in TextAgent._meta.concrete_fields]
_agents = PreparedQuery(
    lambda ids: (
        TextAgent.objects.filter(id__in=ids)
        .order_by()
        .values_list(
            *_COLUMNS,
            Count("knowledge"),
            Max("knowledge__updated_at"),
            "organization__daily_token_budget",
            "organization__timezone",
            "connection__base_url",
            "connection__encrypted_key",
            "connection__model_names",
            "connection__embedding_model",
            *ACTION_COLUMNS,
        )
    )
)


def find_agents(agent_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, FoundAgent]:
    """Do as `find_agent` for several ids; the result has those that exist. One query."""
    found = {}
    for row in _agents(agent_ids):
        *others, embedding_model, action_count, actions_changed_at = row
        *others, daily_tokens, timezone, base_url, encrypted_key, own_models = others
        *values, knowledge_count, knowledge_changed_at = others
        agent = TextAgent.from_db(connection.alias, _COLUMNS, values)
        found[agent.id] = FoundAgent(
            row=agent,
            # The agent's own change counts, too: a deletion with an addition keeps the number of
            # entries.
            knowledge_version=f"{agent.updated_at}/{knowledge_changed_at}/{knowledge_count}",
            has_knowledge=knowledge_count > 0,
            daily_tokens=daily_tokens,
            timezone=timezone,
            endpoint=endpoint_of(agent.connection_id, base_url, encrypted_key, embedding_model)
            if agent.connection_id
            else None,
            own_models=own_models,
            actions_version=f"{actions_changed_at}/{action_count}" if action_count else "",
        )
    return found


def needs_database(found: FoundAgent | None) -> bool:
    """Return whether `reply_request`, or then `reserve_tokens`, would query the database."""
    if found is None or not found.row.enabled:
        return False
    if found.has_knowledge and (found.row.id, found.knowledge_version) not in _knowledge:
        return True
    if found.actions_version:
        return True
    return budget_of(found) is not None


def request_of(
    found: FoundAgent,
    *,
    messages: Sequence[ChatMessage],
    page: VisitorPage | None = None,
    language: str = "",
    key: str = "",
    actions: tuple[ActionSpec, ...] = (),
    can_ask_person: bool = False,
) -> LoadedReply:
    """Return the request for an agent with the settings of this row, saved or not."""
    agent, version = found.row, found.knowledge_version
    return LoadedReply(
        request=ReplyRequest(
            agent_id=str(agent.id),
            model=agent.model.partition(":")[2],
            instructions=agent.instructions,
            max_output_tokens=agent.max_output_tokens,
            temperature=agent.temperature,
            messages=bound_history(
                messages,
                max_messages=settings.LIMITS.model_history_messages,
                max_chars=settings.LIMITS.model_history_chars,
            ),
            knowledge=_load_knowledge(agent.id, version) if found.has_knowledge else (),
            knowledge_version=version,
            page=page,
            language=agent.language,
            visitor_language=language,
            endpoint=found.endpoint,
            actions=actions,
            can_ask_person=can_ask_person,
        ),
        model=agent.model,
        fallback_sentence=agent.fallback_sentence,
        organization_id=agent.organization_id,
        key=key,
        budget=budget_of(found),
    )


def endpoint_of(
    connection_id: uuid.UUID, base_url: str, encrypted_key: str, embedding_model: str = ""
) -> ModelEndpoint:
    """Return a connection's endpoint with its key."""
    key: str | None = ""
    try:
        key = decrypt(encrypted_key) if encrypted_key else ""
    except UnreadableSecretError:
        key = None
    return ModelEndpoint(str(connection_id), base_url, key, embedding_model)


def bound_history(
    messages: Sequence[ChatMessage], *, max_messages: int, max_chars: int
) -> tuple[ChatMessage, ...]:
    """Return the newest messages within both limits, oldest first and without a gap.

    The last one always stays; if it is too long by itself, its beginning does. 0 is no limit.
    """
    kept: list[ChatMessage] = []
    left = max_chars if max_chars > 0 else None
    for message in reversed(messages[-max_messages:] if max_messages > 0 else messages):
        if left is not None:
            if len(message.content) > left and not kept:
                message = replace(message, content=message.content[:left])  # noqa: PLW2901
            if len(message.content) > left:
                break
            left -= len(message.content)
        kept.append(message)
    return tuple(reversed(kept))


def budget_of(found: FoundAgent) -> TokenBudget | None:
    """Return what limits the tokens of an agent; None if they aren't counted."""
    # The server's ceiling protects the server's own account.
    tokens = found.daily_tokens if found.endpoint else daily_tokens(found.daily_tokens)
    if tokens is None or not is_metered(found.row.model.partition(":")[0]):
        return None
    return TokenBudget(tokens, found.timezone)


@cached(_knowledge, lock=Lock())
def _load_knowledge(agent_id: uuid.UUID, version: str) -> tuple[Passage, ...]:
    return read_knowledge(agent_id)


def read_knowledge(agent_id: uuid.UUID) -> tuple[Passage, ...]:
    """Return the agent's entries as the database has them now."""
    rows = KnowledgeEntry.objects.filter(agent_id=agent_id).order_by("created_at", "id")
    columns = rows.values_list("title", "content", "url", "id")
    return tuple(Passage(row[0], row[1], row[2], str(row[3])) for row in columns)
