"""A website source of an assistant, over REST."""

import json
import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

SYNC_SECONDS = 3_600.0
UNDER_WAY = frozenset({"waiting", "running"})


class Source:
    """A source of the assistant. Its methods block."""

    def __init__(self, port: int, agent_id: str, key: str) -> None:
        self._key = key
        self._agent = f"http://127.0.0.1:{port}/api/v1/agents/{agent_id}/"
        self._address = f"{self._agent}sources/"

    def add(self, url: str) -> None:
        """Add the site, which starts the first sync."""
        self._address += self._ask("", {"url": url})["id"] + "/"

    def start(self) -> None:
        """Start a sync."""
        self._ask("sync/", {})

    @property
    def pages(self) -> int:
        """The number of pages in the knowledge."""
        return int(self._ask("")["pages"])

    def wait_until_ready(self) -> None:
        """Wait for the end of the sync; raise RuntimeError if it fails."""
        began = time.monotonic()
        while (found := self._ask(""))["status"] in UNDER_WAY:
            if time.monotonic() > began + SYNC_SECONDS:
                break
            time.sleep(1)
        if found["status"] != "ready":
            raise RuntimeError(found)

    def wait_until_indexed(self) -> None:
        """Wait until questions are searched by meaning in all that is saved."""
        while not self._is_indexed():
            time.sleep(0.5)

    def _is_indexed(self) -> bool:
        headers = {"Authorization": f"Bearer {self._key}"}
        request = Request(f"{self._agent}search/?q=x", headers=headers)  # noqa: S310 - ours
        try:
            with urlopen(request, timeout=60):  # noqa: S310
                return True
        except HTTPError as error:
            if error.code == 503:
                return False
            raise

    def _ask(self, path: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
        body = None if data is None else json.dumps(data).encode()
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        request = Request(self._address + path, body, headers)  # noqa: S310 - ours
        with urlopen(request, timeout=60) as response:  # noqa: S310
            found: dict[str, Any] = json.load(response)
            return found
