"""Find out what is wrong with an endpoint that staff entered, in words that they can act on."""

import functools
import json
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import aiohttp
from django.conf import settings
from yarl import URL

from loquent.agents.backends.connected import ProbeError, egress_rules
from loquent.agents.backends.openai_chat.complaints import Complaint
from loquent.agents.backends.openai_chat.failures import ANSWERED
from loquent.agents.backends.openai_chat.proxies import proxy_for
from loquent.agents.backends.openai_chat.reader import UNSHOWN
from loquent.agents.backends.openai_chat.responses import read_error
from loquent.agents.types import ModelEndpoint
from loquent.egress.connecting import GuardedConnector, explain_tls, guarded_session
from loquent.egress.urls import UnsafeUrlError, check_url

SECONDS = 15.0
# Where a model writes: a short answer may be reasoning alone.
_WRITTEN = ("content", "refusal", "tool_calls", *UNSHOWN)
# A batch of embeddings is the longest answer.
MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_MODELS = 1_000
MAX_NAMED = 8
COPY_KEY = "Copy the key again from your provider's API keys page, and save it here."
EMBEDDING_ADDRESS = "Enter the name of a model for embeddings of this endpoint, or leave it empty."
USE_ANOTHER = "Use one of its models"
ASK_OPERATOR = (
    "Ask the person who runs this server to check the AI service; the command “doctor” names the "
    "cause."
)
# The id of the server's own endpoint, which is no connection.
SERVER = ""
TLS = "Check the address. Your own server needs a certificate from a public authority."
ADDRESS = "The address usually ends with /v1, such as https://api.openai.com/v1."


async def list_models(endpoint: ModelEndpoint) -> list[str]:
    """Return the names of the endpoint's models, sorted; empty if it lists none.

    Raises ProbeError.
    """
    status, body = await _request(endpoint, "GET", "/models", None)
    if status in {404, 405, 501}:
        # Some endpoints have no such list: only a question shows whether they work.
        return []
    _check_status(status, body, "")
    data = _json(body)
    rows = data.get("data", data.get("models")) if isinstance(data, dict) else data
    names = {_name(row) for row in rows} if isinstance(rows, list) else set()
    return sorted(names - {""})[:MAX_MODELS]


async def try_model(endpoint: ModelEndpoint, model: str, known: Collection[str]) -> None:
    """Ask a model a word, which costs a few tokens; raise ProbeError if it doesn't answer.

    `known`: the endpoint's models, to name some of them if this one is not among them.
    """
    question = {"model": model, "messages": [{"role": "user", "content": "Say: OK"}]}
    status, body = await _request(endpoint, "POST", "/chat/completions", question)
    complaint = Complaint(body, status)
    if status in {400, 404, 422} and known and model not in known:
        raise _no_model(model, known)
    if status == 404:
        raise ProbeError(f"There is no model “{model}” at this address.", ADDRESS)
    _check_status(status, body, model)
    data = _json(body)
    choices = data.get("choices") if isinstance(data, dict) else None
    if choices is None and complaint.is_out_of_quota:
        # Some endpoints explain a refusal with status 200.
        raise _no_credit()
    if choices is None and isinstance(data, dict) and data.get("error"):
        raise ProbeError(f"The provider refuses the request for {model}.", ADDRESS)
    if not isinstance(choices, list):
        raise ProbeError("This address answers, but not as a chat model does.", ADDRESS)
    if not choices or not _has_message(choices[0]):
        raise ProbeError(f"{model} gave an empty answer.", "Try again, or use another model.")


async def check_model(model: str, endpoint: ModelEndpoint | None) -> None:
    """Raise ProbeError if a model can't answer. `endpoint` None: the server's own.

    The list of models is free. A connected model is also asked for a word, and so is one of the
    server's if the list doesn't have it: it may be known by a second name.
    """
    used = endpoint or ModelEndpoint(SERVER, settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY)
    try:
        names = await list_models(used)
        if endpoint or model not in names:
            await try_model(used, model, names)
    except ProbeError as error:
        if endpoint or error.hint.startswith(USE_ANOTHER):
            raise
        message = error.message.replace("his address", "he AI service's address")
        raise ProbeError(message, ASK_OPERATOR) from None


async def try_embedding(endpoint: ModelEndpoint) -> None:
    """Ask the endpoint's model for a vector, for a few tokens; raise ProbeError if none comes."""
    await _embed(functools.partial(_request, endpoint), endpoint, ["OK"])


async def read_embeddings(
    session: Callable[[], aiohttp.ClientSession], endpoint: ModelEndpoint, texts: list[str]
) -> list[list[float]]:
    """Return a vector per text; raise ProbeError."""
    return await _embed(functools.partial(_ask, session(), endpoint), endpoint, texts)


async def _embed(
    ask: Callable[..., Awaitable[tuple[int, bytes]]], endpoint: ModelEndpoint, texts: list[str]
) -> list[list[float]]:
    model = endpoint.embedding_model
    status, body = await ask("POST", "/embeddings", {"model": model, "input": texts})
    if status == 404:
        raise ProbeError(f"There is no model “{model}” for embeddings here.", EMBEDDING_ADDRESS)
    _check_status(status, body, model)
    data = _json(body)
    rows = data.get("data") if isinstance(data, dict) else None
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    # They come in any order; some endpoints number none.
    if all(isinstance(row.get("index"), int) for row in rows):
        rows.sort(key=lambda row: row["index"])
    found = [row.get("embedding") for row in rows]
    vectors = [vector for vector in found if isinstance(vector, list)]
    sizes = {len(vector) for vector in vectors}
    numbers = (number for vector in vectors for number in vector)
    if (
        len(vectors) != len(texts)
        or len(sizes) != 1
        or 0 in sizes
        or not all(isinstance(number, int | float) for number in numbers)
    ):
        raise ProbeError("The response contains no embeddings.", EMBEDDING_ADDRESS)
    return vectors


async def _request(
    endpoint: ModelEndpoint, method: str, path: str, data: dict[str, Any] | None
) -> tuple[int, bytes]:
    is_servers = endpoint.id == SERVER
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with (
        aiohttp.ClientSession(timeout=timeout)
        if is_servers
        else guarded_session(egress_rules(), seconds=SECONDS)
    ) as session:
        try:
            return await _ask(session, endpoint, method, path, data)
        except TimeoutError:
            raise ProbeError(
                f"The provider didn't answer within {SECONDS:.0f} seconds.",
                "Check the address, and the provider's status page.",
            ) from None


async def _ask(
    session: aiohttp.ClientSession,
    endpoint: ModelEndpoint,
    method: str,
    path: str,
    data: dict[str, Any] | None,
) -> tuple[int, bytes]:
    """Return the status and the body of an answer; raise ProbeError or TimeoutError."""
    if endpoint.api_key is None:
        raise ProbeError(
            "The stored key can't be read any more, because the server's SECRET_KEY was changed.",
            "Enter the key again.",
        )
    address, is_servers = endpoint.base_url + path, endpoint.id == SERVER
    try:
        url = URL(address) if is_servers else check_url(address, egress_rules())
    except UnsafeUrlError as error:
        raise ProbeError(str(error), "Change the address.") from None
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    if endpoint.api_key:
        headers["Authorization"] = f"Bearer {endpoint.api_key}"
    # The operator may use any address, and a proxy, for the server's own endpoint.
    proxy = proxy_for(address) if is_servers else None
    try:
        async with session.request(
            method, url, json=data, headers=headers, allow_redirects=False, proxy=proxy
        ) as response:
            if 300 <= response.status < 400:
                raise ProbeError("This address redirects to another one.", ADDRESS)
            return response.status, await _read(response)
    except TimeoutError:
        raise
    except aiohttp.ClientSSLError as error:
        raise ProbeError(explain_tls(error), TLS) from None
    except (aiohttp.ClientError, OSError, ValueError):
        if isinstance(session.connector, GuardedConnector) and session.connector.has_refused:
            raise ProbeError(
                "This address is not on the public internet.",
                "The operator of this server can allow it with MODEL_ALLOWED_NETWORKS.",
            ) from None
        raise ProbeError(
            "Nothing answers at this address.",
            "Check its spelling. A model on your own computer must be reachable from this server.",
        ) from None


def _has_message(choice: Any) -> bool:
    message = choice.get("message") if isinstance(choice, dict) else None
    return isinstance(message, dict) and any(message.get(name) for name in _WRITTEN)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    if response.status not in ANSWERED:
        return await read_error(response)
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise ProbeError("The provider's answer is far too long.", ADDRESS)
    return bytes(body)


def _check_status(status: int, body: bytes, model: str) -> None:
    if status in ANSWERED:
        return
    complaint = Complaint(body, status)
    if status in {401, 403}:
        raise ProbeError("The provider refuses the key.", COPY_KEY)
    if status == 402 or complaint.is_out_of_quota:
        raise _no_credit()
    if status == 429:
        raise ProbeError(
            "The provider gets too many requests from this account.",
            "Wait a minute, or ask your provider for a higher limit.",
        )
    if status >= 500:
        raise ProbeError(
            f"The provider has a problem (error {status}).", "Try again in a few minutes."
        )
    about = f" for {model}" if model else ""
    raise ProbeError(f"The provider refuses the request{about} (error {status}).", ADDRESS)


def _no_model(model: str, known: Collection[str]) -> ProbeError:
    named = ", ".join(list(known)[:MAX_NAMED])
    return ProbeError(f"The provider has no model “{model}”.", f"{USE_ANOTHER}, such as {named}.")


def _no_credit() -> ProbeError:
    return ProbeError(
        "The account has no credit left, or has reached its limit.",
        "Add credit on your provider's billing page.",
    )


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        pass
    if body.lstrip()[:1] == b"<":
        raise ProbeError("This is the address of a web page, not of a model's API.", ADDRESS)
    raise ProbeError("This address answers, but not as a model's API does.", ADDRESS)


def _name(row: Any) -> str:
    name = (row.get("id") or row.get("name")) if isinstance(row, dict) else row
    return name.removeprefix("models/") if isinstance(name, str) and len(name) <= 200 else ""
