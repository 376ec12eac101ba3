"""Checks the configured endpoint, without using tokens."""

import re

import aiohttp
from django.conf import settings

from loquent.agents.backends.openai_chat.proxies import proxy_for
from loquent.agents.types import CheckResult

SECONDS = 10


async def check_endpoint() -> CheckResult:
    """Ask for the list of models, which costs no tokens."""
    url = f"{settings.OPENAI_BASE_URL}/models"
    # The output of the doctor is pasted into reports: without user name and password.
    where = re.sub("//[^/]*@", "//", settings.OPENAI_BASE_URL)
    key = settings.OPENAI_API_KEY
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as client,
            client.get(url, allow_redirects=False, proxy=proxy_for(url)) as response,
        ):
            status = response.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return CheckResult(
            "fail",
            f"OPENAI_BASE_URL={where} doesn't answer: {type(error).__name__}.",
            "Check the address, the firewall for outgoing connections, and the endpoint.",
        )
    if status in {401, 403}:
        return CheckResult(
            "fail",
            f"OPENAI_BASE_URL={where} refuses the key ({status}).",
            "Set OPENAI_API_KEY to a key that can use your agents' models.",
        )
    if status == 429 or status >= 500:
        return CheckResult(
            "warn", f"OPENAI_BASE_URL={where} returns {status}.", "Check its quota and its status."
        )
    return CheckResult("ok", f"OPENAI_BASE_URL={where} answers.")
