"""The sources of an agent, over REST and with jobs that run at once."""

from typing import Any

from rest_framework.test import APIClient

from loquent.agents.models import TextAgent
from loquent.testing.jobs import run_due_jobs


class Sources:
    """The sources of an agent, over REST; jobs run at once."""

    def __init__(self, client: APIClient, agent: TextAgent) -> None:
        self.client = client
        self.agent = agent
        self.list = f"/api/v1/agents/{agent.id}/sources/"
        self.one = ""

    def add(self, url: str) -> dict[str, Any]:
        response = self.client.post(self.list, {"url": url}, format="json")
        assert response.status_code == 201, response.json()
        assert response.json()["status"] == "waiting"
        self.one = response["Location"]
        run_due_jobs()
        return self.read()

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(self.one).json()
        return found

    def sync(self, **data: Any) -> dict[str, Any]:
        response = self.client.post(f"{self.one}sync/", data, format="json")
        assert response.status_code == 200, response.json()
        run_due_jobs()
        return self.read()

    def undo(self) -> int:
        return self.client.post(f"{self.one}undo/", {}, format="json").status_code

    def report(self) -> dict[str, tuple[str, str]]:
        """Each page's state and reason, by its path."""
        rows = self.client.get(f"{self.one}report/").json()
        return {
            row["url"].partition("127.0.0.1:")[2].partition("/")[2]: (row["state"], row["reason"])
            for row in rows
        }

    def texts(self) -> dict[str, str]:
        rows = self.client.get(f"{self.one}entries/").json()["results"]
        return {row["title"]: row["content"] for row in rows}

    def answer(self, question: str) -> str:
        found = self.client.get(f"/api/v1/agents/{self.agent.id}/search/", {"q": question}).json()
        return str(found["hits"][0]["title"]) if found["hits"] else ""
