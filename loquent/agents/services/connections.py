"""Create, change, test and delete an organization's model connections."""

import uuid
from typing import TypedDict

from asgiref.sync import async_to_sync
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import RestrictedError

from loquent.agents.backends.connected import ProbeError, egress_rules
from loquent.agents.backends.registry import backend_for, connected_backend
from loquent.agents.models import ModelConnection, TextAgent
from loquent.agents.services.loading import endpoint_of
from loquent.agents.types import CheckResult, ModelEndpoint
from loquent.egress.urls import UnsafeUrlError, check_url
from loquent.encryption import encrypt
from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.organizations.audit import CHANGED, record
from loquent.organizations.models import Organization

MAX_CONNECTIONS = 20
MAX_MODELS = 500
MAX_MODEL_NAME = 180
MAX_KEY = 1_000
CONNECTION_FIELDS = ("name", "base_url", "model_names", "embedding_model")


class ConnectionData(TypedDict, total=False):
    """The fields of a connection to save. Absent fields are kept; an empty key removes it."""

    name: str
    base_url: str
    api_key: str
    model_names: list[str]
    embedding_model: str


def add_connection(*, organization: Organization, data: ConnectionData) -> ModelConnection:
    """Create a connection; raise `invalid` naming the fields, or `conflict` if there are many."""
    connection = ModelConnection(organization=organization)
    _assign(connection, data)
    with transaction.atomic():
        # Two at once must not exceed the limit.
        Organization.objects.select_for_update(no_key=True).get(id=organization.id)
        if ModelConnection.objects.filter(organization=organization).count() >= MAX_CONNECTIONS:
            sentence = f"An organization can have at most {MAX_CONNECTIONS} model connections."
            raise ApplicationError(ErrorCode.CONFLICT, sentence)
        connection.save(force_insert=True)
    return connection


def update_connection(*, connection: ModelConnection, data: ConnectionData) -> ModelConnection:
    """Change the given fields; raise `invalid`, or `not_found` if it was deleted.

    A changed address needs the key again: otherwise anyone who may edit could send it elsewhere.
    """
    with transaction.atomic():
        current = ModelConnection.objects.select_for_update().filter(id=connection.id).first()
        if current is None:
            raise ApplicationError(ErrorCode.NOT_FOUND, "There is no such model connection.")
        before = current.base_url, current.encrypted_key
        _assign(current, data)
        if before[1] and current.base_url != before[0] and "api_key" not in data:
            raise invalid({"api_key": ["Enter the key again, as the address has changed."]})
        current.save(update_fields=[*CONNECTION_FIELDS, "encrypted_key", "updated_at"])
        if current.encrypted_key != before[1]:
            record(current, CHANGED, {"key": ("", "changed")})
    return current


def delete_connection(*, connection: ModelConnection) -> None:
    """Delete a connection; raise `conflict` while an agent uses it."""
    try:
        with transaction.atomic():
            connection.delete()
    except (RestrictedError, IntegrityError):
        raise ApplicationError(
            ErrorCode.CONFLICT,
            "This connection can't be deleted because agents use it. Assign another one to them "
            "first.",
        ) from None


def endpoint_for(connection: ModelConnection) -> ModelEndpoint:
    """Return a connection's endpoint, with its key."""
    return endpoint_of(
        connection.id, connection.base_url, connection.encrypted_key, connection.embedding_model
    )


def check_connection(*, connection: ModelConnection, model: str = "") -> CheckResult:
    """Return in words whether a connection works.

    Lists the endpoint's models, which is free; with a `model`, also asks it a word. Asks the
    embedding model, if there is one, for a vector.
    """
    backend, endpoint = connected_backend(), endpoint_for(connection)
    try:
        names = async_to_sync(backend.list_models)(endpoint)
        if connection.embedding_model:
            async_to_sync(backend.try_embedding)(endpoint)
        if model:
            async_to_sync(backend.try_model)(endpoint, model, names)
            return CheckResult("ok", f"It works: {model} answers.")
    except ProbeError as error:
        return CheckResult("fail", error.message, error.hint)
    if not names:
        return CheckResult(
            "warn",
            "The provider answers, but doesn't list its models.",
            "Enter the names of the models yourself, and test one of them.",
        )
    plural = "model" if len(names) == 1 else "models"
    return CheckResult("ok", f"It works: the provider has {len(names):,} {plural}.")


def check_agent(*, agent: TextAgent) -> CheckResult | None:
    """Return why an agent's model can't answer, in words for its owner; None if it can."""
    provider, _, name = agent.model.partition(":")
    endpoint = endpoint_for(agent.connection) if agent.connection else None
    try:
        async_to_sync(backend_for(provider).check_model)(name, endpoint)
    except ProbeError as error:
        return CheckResult("fail", error.message, error.hint)
    return None


def connection_models(*, connection: ModelConnection) -> list[str]:
    """Return the names of the endpoint's models; raise `conflict` with what to do."""
    try:
        return async_to_sync(connected_backend().list_models)(endpoint_for(connection))
    except ProbeError as error:
        raise ApplicationError(ErrorCode.CONFLICT, f"{error.message} {error.hint}") from None


def connections_of(organization_id: uuid.UUID) -> list[ModelConnection]:
    """Return an organization's connections by name."""
    return list(ModelConnection.objects.filter(organization_id=organization_id))


def _assign(connection: ModelConnection, data: ConnectionData) -> None:
    fields: dict[str, list[str]] = {}
    for name in CONNECTION_FIELDS:
        if name in data:
            setattr(connection, name, data[name])  # type: ignore[literal-required]
    connection.embedding_model = connection.embedding_model.strip()
    connection.base_url = connection.base_url.strip().rstrip("/")
    key = data.get("api_key", "").strip()
    if "api_key" in data:
        connection.encrypted_key = encrypt(key) if key else ""
    if len(key) > MAX_KEY or not key.isascii() or any(not c.isprintable() for c in key):
        fields["api_key"] = ["This is not an API key. Copy it again from your provider."]
    try:
        connection.full_clean()
    except ValidationError as error:
        fields |= error.message_dict
    if "base_url" not in fields:
        try:
            check_url(connection.base_url, egress_rules())
        except UnsafeUrlError as error:
            fields["base_url"] = [str(error)]
        else:
            if "?" in connection.base_url or connection.base_url.endswith("/chat/completions"):
                fields["base_url"] = [
                    "Enter the address up to /v1, without /chat/completions or parameters."
                ]
    names = list(dict.fromkeys(name.strip() for name in connection.model_names if name.strip()))
    connection.model_names = names
    if len(names) > MAX_MODELS or any(len(name) > MAX_MODEL_NAME for name in names):
        fields["model_names"] = [
            f"Enter at most {MAX_MODELS} names of at most {MAX_MODEL_NAME} characters."
        ]
    if fields:
        raise invalid(fields)
