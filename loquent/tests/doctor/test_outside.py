"""The redirect to https, on ports that a test cannot open."""

from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from pytest_django import Settings

from loquent.management.doctor.findings import Level
from loquent.management.doctor.outside import Answer, Outside


@pytest.mark.parametrize(
    ("status", "location", "level"),
    [
        (308, "https://chat.example.com/", Level.OK),
        (302, "http://www.example.com/", Level.FAIL),
        (200, "", Level.FAIL),
        (None, "", Level.OK),
    ],
)
async def test_https_redirect_is_checked(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    status: int | None,
    location: str,
    level: Level,
) -> None:
    settings.SITE_URL, settings.SITE_IS_HTTPS = "https://chat.example.com", True
    asked: list[str] = []

    async def fetch(_: Outside, url: str) -> Answer:
        asked.append(url)
        if status is None:
            raise aiohttp.ClientError
        return cast("Answer", SimpleNamespace(status=status, headers={"Location": location}))

    monkeypatch.setattr(Outside, "_fetch", fetch)
    outside: Any = Outside(cast("aiohttp.ClientSession", None))
    finding = await outside._redirect()
    assert (finding.id, finding.level) == ("https-redirect", level)
    assert asked == ["http://chat.example.com/api/widget/embed.js"]
    settings.SITE_URL = "https://chat.example.com:8443"
    assert (await outside._redirect()).level is Level.OK
    assert len(asked) == 1
