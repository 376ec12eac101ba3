"""Makes replies to generate, with a database and without, and generates them."""

import asyncio
import uuid
from collections.abc import Sequence

from django.utils import timezone

from loquent.agents.backends.prompts import system_prompt
from loquent.agents.services import LoadedReply, generate_reply, reply_request
from loquent.agents.services.loading import find_agent
from loquent.agents.types import (
    BackendError,
    ChatMessage,
    Passage,
    ReplyEnd,
    ReplyRequest,
    TextDelta,
    TextRestart,
    VisitorPage,
)
from loquent.testing.waiting import WAIT_SECONDS


def standing_rules(question: str = "") -> str:
    """What every system message has, with the question that it is about."""
    return system_prompt("", [], question=question, today=timezone.now().date())


def load_reply(agent_id: uuid.UUID, messages: Sequence[ChatMessage]) -> LoadedReply:
    """What to ask of an agent in the database."""
    return reply_request(find_agent(agent_id), messages=messages)


def make_reply(
    question: str | Sequence[ChatMessage] = "What does shipping cost?",
    *,
    model: str = "openai-chat:tokens",
    instructions: str = "",
    temperature: float | None = None,
    max_output_tokens: int = 1_024,
    knowledge: Sequence[Passage] = (),
    page: VisitorPage | None = None,
    key: str = "",
    can_ask_person: bool = False,
) -> LoadedReply:
    """A reply as reply_request would give it; a string is one message of the visitor."""
    messages = [ChatMessage("user", question)] if isinstance(question, str) else question
    agent_id = uuid.uuid4()
    request = ReplyRequest(
        agent_id=str(agent_id),
        model=model.partition(":")[2],
        instructions=instructions,
        max_output_tokens=max_output_tokens,
        temperature=temperature,
        messages=tuple(messages),
        knowledge=tuple(knowledge),
        knowledge_version="1",
        page=page,
        can_ask_person=can_ask_person,
    )
    return LoadedReply(
        request=request,
        model=model,
        fallback_sentence="Sorry.",
        organization_id=uuid.uuid4(),
        key=key,
    )


async def collect(loaded: LoadedReply) -> tuple[str, ReplyEnd]:
    """Generate a reply: its text and its end; fails where the events are in the wrong order."""
    texts: list[str] = []
    ends: list[ReplyEnd] = []
    async with asyncio.timeout(WAIT_SECONDS):
        async for event in generate_reply(loaded=loaded):
            if isinstance(event, TextDelta):
                assert event.text
                assert not ends
                texts.append(event.text)
            elif isinstance(event, TextRestart):
                texts.clear()
            else:
                ends.append(event)
    assert len(ends) == 1
    assert texts or ends[0].wants_person
    return "".join(texts), ends[0]


async def collect_failure(loaded: LoadedReply) -> tuple[str, BackendError]:
    """Generate a reply that must fail: the text until then, and the error."""
    texts: list[str] = []
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            async for event in generate_reply(loaded=loaded):
                assert not isinstance(event, ReplyEnd)
                if isinstance(event, TextRestart):
                    texts.clear()
                else:
                    texts.append(event.text)
    except BackendError as error:
        return "".join(texts), error
    raise AssertionError("The reply did not fail.")
