"""The model's endpoint, without spending a token."""

import aiohttp
from django.conf import settings
from django.db import DatabaseError

from loquent.agents.models import TextAgent
from loquent.management.doctor.findings import Finding, fail, ok, warn

PROVIDER = "openai-chat:"
SECONDS = 10


def is_used() -> bool:
    """Whether an agent asks the endpoint, or a key says that one will."""
    try:
        return TextAgent.objects.filter(model__startswith=PROVIDER).exists()
    except DatabaseError:
        return bool(settings.OPENAI_API_KEY)


async def check_endpoint() -> Finding:
    """Ask for the list of models, which every such endpoint gives for nothing."""
    where = settings.OPENAI_BASE_URL
    key = settings.OPENAI_API_KEY
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as client,
            client.get(f"{where}/models", allow_redirects=False) as response,
        ):
            status = response.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return fail(
            "model",
            f"OPENAI_BASE_URL={where} doesn't answer: {type(error).__name__}.",
            "Check the address, the firewall for outgoing connections, and the endpoint.",
        )
    if status in {401, 403}:
        return fail(
            "model",
            f"OPENAI_BASE_URL={where} refuses the key ({status}).",
            "Set OPENAI_API_KEY to a key that can use your agents' models.",
        )
    if status == 429 or status >= 500:
        return warn(
            "model", f"OPENAI_BASE_URL={where} returns {status}.", "Check its quota and its status."
        )
    return ok("model", f"OPENAI_BASE_URL={where} answers.")
