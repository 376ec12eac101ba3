"""Create, change and load the actions of an agent."""

import re
import uuid
from collections.abc import Mapping
from threading import Lock
from typing import Any

from cachetools import LRUCache, cached
from django.core.exceptions import ValidationError
from django.db import models, transaction
from yarl import URL

from loquent.agents.actions.calling import egress_rules
from loquent.agents.actions.parameters import (
    FieldError,
    check_parameters,
    check_response_fields,
)
from loquent.agents.actions.request import check_template, placeholders
from loquent.agents.actions.results import CallResult, shown_lines
from loquent.agents.actions.spec import ActionSpec, parameter_of
from loquent.agents.agent_action import ACTION_FIELDS, AgentAction
from loquent.agents.backends.builtin.sentences import sentences_in
from loquent.agents.models import TextAgent
from loquent.egress.urls import UnsafeUrlError
from loquent.encryption import encrypt
from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.organizations.audit import CHANGED, record

MAX_ACTIONS = 20
MAX_HEADERS = 10
MAX_SECRET = 4_000
# The name of the function that calls a person.
TAKEN_NAMES = frozenset({"ask_person"})
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}\Z")
# Set by the server itself, or of the connection.
_OWN_HEADERS = frozenset(
    {
        "accept", "accept-encoding", "connection", "content-encoding", "content-length",
        "content-type", "cookie", "expect", "host", "idempotency-key", "keep-alive",
        "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
        "user-agent",
    }
)  # fmt: skip


def save_action(action: AgentAction, data: Mapping[str, Any]) -> AgentAction:
    """Set the given fields and save the row; raise `invalid`, which names the invalid fields.

    `headers`: values by name, None to keep the stored one. `secret`: "" removes it. Secrets belong
    to one host: with another one, they have to be given again.
    """
    is_new = action._state.adding
    with transaction.atomic():
        if TextAgent.objects.select_for_update().filter(id=action.agent_id).first() is None:
            raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such text agent.")
        others = AgentAction.objects.filter(agent_id=action.agent_id).exclude(id=action.id)
        if is_new and others.count() >= MAX_ACTIONS:
            raise invalid({"name": [f"An agent can have at most {MAX_ACTIONS} actions."]})
        current = action if is_new else AgentAction.objects.filter(id=action.id).first()
        if current is None:
            raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such action.")
        before = current.url, current.encrypted_secret, dict(current.encrypted_headers)
        for name in ACTION_FIELDS:
            if name in data:
                setattr(current, name, data[name])
        fields = _check(current)
        if "name" not in fields and others.filter(name=current.name).exists():
            fields["name"] = ["Another action of this agent has this name."]
        _assign_secrets(current, data, before, fields)
        if fields:
            raise invalid(fields)
        current.save(force_insert=is_new)
        if not is_new and before[1:] != (current.encrypted_secret, current.encrypted_headers):
            record(current, CHANGED, {"secrets": ("", "changed")})
    return current


def _of_agent() -> Any:
    rows = AgentAction.objects.filter(agent=models.OuterRef("id"), enabled=True)
    return rows.order_by().values("agent")


# For queries of agents: how many actions are on, and when one was changed last.
ACTION_COLUMNS = (
    models.Subquery(_of_agent().annotate(found=models.Count("id")).values("found")),
    models.Subquery(_of_agent().annotate(found=models.Max("updated_at")).values("found")),
)
_actions: LRUCache[tuple[uuid.UUID, str], tuple[ActionSpec, ...]] = LRUCache(1_000)


@cached(_actions, lock=Lock())
def load_actions(agent_id: uuid.UUID, version: str) -> tuple[ActionSpec, ...]:
    """Return an agent's enabled actions, by title; `version` changes whenever they do."""
    rows = AgentAction.objects.filter(agent_id=agent_id, enabled=True)
    return tuple(spec_of(row) for row in rows)


def spec_of(action: AgentAction) -> ActionSpec:
    """Return an action as agents use it."""
    return ActionSpec(
        id=str(action.id),
        name=action.name,
        title=action.title,
        description=action.description,
        kind=action.kind,  # type: ignore[arg-type]
        method=action.method,
        url=action.url,
        risk=action.risk,  # type: ignore[arg-type]
        version=action.updated_at.isoformat(),
        parameters=tuple(parameter_of(each) for each in action.parameters),
        response_fields=tuple(action.response_fields),
        encrypted_headers=dict(action.encrypted_headers),
        encrypted_secret=action.encrypted_secret,
    )


def told_result(result: CallResult, *, title: str, language: str) -> str:
    """Return how a change ended, in the visitor's language and the server's words."""
    say = sentences_in(language)
    if result.outcome == "unknown":
        return say("uncertain", title=title)
    if result.outcome != "succeeded":
        return say("not_done", title=title)
    return "\n".join([say("done", title=title), *shown_lines(result.data)])


def _check(action: AgentAction) -> dict[str, list[str]]:
    """Normalize an action's fields; return what is wrong, one sentence per field."""
    fields: dict[str, list[str]] = {}
    action.title = action.title.strip() or action.name.replace("_", " ").capitalize()[:100]
    action.url = action.url.strip()
    try:
        action.full_clean(exclude=["agent"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        fields = {name: sentences[:1] for name, sentences in error.message_dict.items()}
    if action.name in TAKEN_NAMES:
        fields.setdefault("name", ["This name is taken by the product. Use another one."])
    for name, check in (
        ("parameters", check_parameters),
        ("response_fields", check_response_fields),
    ):
        if name not in fields:
            try:
                setattr(action, name, check(getattr(action, name)))
            except FieldError as error:
                fields[name] = [str(error)]
    if "url" not in fields and (reason := _wrong_url(action, fields)):
        fields["url"] = [reason]
    return fields


def _wrong_url(action: AgentAction, fields: Mapping[str, Any]) -> str:
    if not action.url:
        is_needed = action.risk != AgentAction.Risk.PERSON
        return "Enter the address to call." if is_needed else ""
    try:
        check_template(action.url, egress_rules())
    except UnsafeUrlError as error:
        return str(error)
    used = set(placeholders(action.url))
    if used and action.kind == AgentAction.Kind.MCP:
        return "The address of an MCP server has no placeholders."
    if "parameters" in fields:
        return ""
    known = {each["name"]: each for each in action.parameters}
    for name in sorted(used):
        if name not in known:
            return f"There is no parameter {name}."
    path = re.split(r"[?#]", action.url, maxsplit=1)[0]
    for name in placeholders(path):
        if not known[name]["required"] and known[name]["source"] != "fixed":
            return f"The parameter {name} is part of the path, so it must be required."
    return ""


def _assign_secrets(
    action: AgentAction,
    data: Mapping[str, Any],
    before: tuple[str, str, dict[str, str]],
    fields: dict[str, list[str]],
) -> None:
    url, stored_secret, stored = before
    has_moved = bool(url) and "url" not in fields and _origin(url) != _origin(action.url)
    again = "Enter it again, as the address has changed."
    if "secret" in data:
        secret = (data["secret"] or "").strip()
        if len(secret) > MAX_SECRET or not secret.isascii() or not secret.isprintable():
            fields["secret"] = ["This is not a token. Copy it again."]
        action.encrypted_secret = encrypt(secret) if secret else ""
    elif stored_secret and has_moved:
        fields["secret"] = [again]
    if "headers" not in data:
        if stored and has_moved:
            fields["headers"] = [again]
        return
    given = data["headers"]
    if not isinstance(given, Mapping) or len(given) > MAX_HEADERS:
        fields["headers"] = [f"Give at most {MAX_HEADERS} headers with their values."]
        return
    headers: dict[str, str] = {}
    for name, value in given.items():
        if reason := _wrong_header(name, value, stored):
            fields["headers"] = [reason]
        elif value is None:
            headers[name] = stored[name]
            if has_moved:
                fields["headers"] = [again]
        else:
            headers[name] = encrypt(value)
    if len({name.lower() for name in headers}) != len(headers):
        fields["headers"] = ["Two headers have the same name."]
    action.encrypted_headers = headers


def _wrong_header(name: object, value: object, stored: Mapping[str, str]) -> str:
    if not isinstance(name, str) or not _HEADER.match(name):
        return "This is not the name of a header."
    if name.lower() in _OWN_HEADERS:
        return f"{name}: this header is set by the server."
    if value is None:
        return "" if name in stored else f"{name}: enter the value."
    if not isinstance(value, str) or len(value) > MAX_SECRET:
        return f"{name}: enter the value."
    return "" if value.isascii() and value.isprintable() else f"{name}: use plain characters only."


def _origin(url: str) -> str:
    try:
        return str(URL(re.split(r"[{]", url, maxsplit=1)[0]).origin())
    except ValueError:
        return ""
