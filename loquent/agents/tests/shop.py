"""An invented shop: its knowledge in two languages, and what visitors ask it."""

import json
from pathlib import Path
from typing import Any

from loquent.agents.models import AgentQuestion, KnowledgeEntry, TextAgent
from loquent.agents.services import create_agent
from loquent.organizations.models import Organization

DATA = Path(__file__).with_name("data")


def make_shop(organization: Organization, language: str) -> TextAgent:
    """Make an agent that knows the shop, with its test questions."""
    entries = _read(f"shop.{language}.entries.jsonl")
    knowledge = [{name: e[name] for name in ("title", "content", "url")} for e in entries]
    agent = create_agent(
        organization=organization,
        data={"name": f"Shop {language}", "knowledge": knowledge},  # type: ignore[typeddict-item]
    )
    ids = {entry["id"]: entry["title"] for entry in entries}
    rows = {entry.title: entry for entry in KnowledgeEntry.objects.filter(agent=agent)}
    for question in _read("shop.questions.jsonl"):
        if question["lang"] != language:
            continue
        entry = rows[ids[question["gold"][0]]] if question["gold"] else None
        expect = "entry" if entry else "none"
        if question["kind"] == "handoff":
            expect, entry = "person", None
        AgentQuestion.objects.create(
            agent=agent,
            question=question["question"],
            previous=question.get("previous", ""),
            expect=expect,
            entry=entry,
        )
    return agent


def _read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]
