"""Provider `builtin`: answers from the agent's own knowledge, offline, without a model."""

import asyncio
import math
import re
from collections.abc import AsyncGenerator, Iterator, Sequence

from loquent.agents.backends.base import Backend
from loquent.agents.search.index import (
    Hit,
    questions_of,
    search_knowledge,
    sources_of,
)
from loquent.agents.search.words import question_terms, terms
from loquent.agents.types import (
    Passage,
    ReplyEnd,
    ReplyEvent,
    ReplyOutcome,
    ReplyRequest,
    TextDelta,
)

CANDIDATES = 8
PASSAGES = 3
CHARS_PER_TOKEN = 4
TITLES = 5
MAX_PIECES = 120

_PIECE = re.compile(r"\S{1,24}\s*|\s+")
_HELLO = "Hello! What would you like to know?"
_SMALL_TALK = {
    _HELLO: """hi hello hey hallo hoi salut bonjour hola ciao ola good morning afternoon evening
        day greetings there""",
    "You're welcome!": """thanks thank you thx ty merci danke gracias grazie obrigado dank very much
        so a lot many great perfect ok okay cool nice for your help that helps helped the""",
    "Goodbye, and thank you for your visit!": "bye goodbye tschuss adieu see you later good ciao",
}
_TELLING = """hi hello hey hallo hoi salut bonjour hola ciao ola good greetings thanks thank thx ty
    merci danke dank gracias grazie obrigado bye goodbye tschuss adieu"""


class BuiltinBackend(Backend):
    """Composes the answer of the best passages, verbatim, and streams it at a natural pace."""

    provider = "builtin"
    names = frozenset({"knowledge"})
    help = "builtin:knowledge quotes the knowledge below word for word, at no cost."
    quotes_knowledge = True
    is_metered = False

    def __init__(self, pause: float = 0.012) -> None:
        """`pause`: seconds between two pieces."""
        self.pause = pause

    async def stream(self, request: ReplyRequest) -> AsyncGenerator[ReplyEvent, None]:
        """Yield the answer and its sources; it needs no network and can't fail without one."""
        hits: Sequence[Hit] = ()
        is_found = True
        questions = questions_of(request.messages)
        question = questions[-1] if questions else ""
        answer = small_talk(question)
        if answer is None:
            hits = companions(await search_knowledge(request, CANDIDATES))[:PASSAGES]
            answer = compose(hits) if hits else apology(question, request.knowledge)
            is_found = bool(hits) or asks_nothing(question, request.knowledge)
        elif answer == _HELLO:
            answer = f"{answer} {offer(request.knowledge)}".rstrip()
        limit = max(CHARS_PER_TOKEN * request.max_output_tokens, 1)
        for piece in pieces(shorten(answer, limit)):
            yield TextDelta(piece)
            await asyncio.sleep(self.pause)
        outcome: ReplyOutcome = "answered" if is_found else "no_answer"
        yield ReplyEnd(sources=sources_of(hits), outcome=outcome)


def small_talk(message: str) -> str | None:
    """Return the reply to a message that is only a greeting, thanks or a farewell; else None."""
    said = terms(message[:100])
    if len(message) > 100 or set(said).isdisjoint(terms(_TELLING)):
        return None
    for reply, words in _SMALL_TALK.items():
        if set(said) <= set(terms(words)):
            return reply
    return None


def companions(hits: Sequence[Hit]) -> list[Hit]:
    """Return the best passage, and those that match terms which earlier ones don't."""
    chosen: list[Hit] = []
    answered: frozenset[str] = frozenset()
    for hit in hits:
        if not hit.answers <= answered:
            chosen.append(hit)
            answered |= hit.answers
    return chosen


def compose(hits: Sequence[Hit]) -> str:
    """Return the passages, each introduced by the title of its entry."""
    parts: list[str] = []
    title = None
    for hit in hits:
        if hit.title != title:
            lead = "Here is what I found about" if title is None else "This may help, too:"
            parts.append(f"{lead} “{hit.title}”:")
            title = hit.title
        parts.append(hit.text)
    return "\n\n".join(parts)


def apology(question: str, knowledge: Sequence[Passage]) -> str:
    """Return a sentence that nothing was found, and what can be asked instead."""
    if not knowledge:
        return "I'm sorry, I have no information to answer from yet."
    if asks_nothing(question, knowledge):
        return f"What would you like to know? {offer(knowledge)}"
    return f"I'm sorry, I found nothing about that. {offer(knowledge)}"


def asks_nothing(question: str, knowledge: Sequence[Passage]) -> bool:
    """Return whether the message has no word to search for, although the agent has knowledge."""
    return bool(knowledge) and not any(question_terms(question))


def offer(knowledge: Sequence[Passage]) -> str:
    """Return a sentence that names what can be asked about; empty if nothing is known."""
    titles = [f"“{title}”" for title in dict.fromkeys(entry.title for entry in knowledge)][:TITLES]
    if not titles:
        return ""
    *others, last = titles
    return f"I can help with {', '.join(others) + ' and ' if others else ''}{last}."


def shorten(text: str, limit: int) -> str:
    """Return the text, cut between words with an ellipsis if it exceeds `limit` characters."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut else cut}…"


def pieces(text: str) -> Iterator[str]:
    """Yield the text a few words at a time, in at most MAX_PIECES pieces."""
    words = _PIECE.findall(text)
    size = max(3, math.ceil(len(words) / MAX_PIECES))
    for start in range(0, len(words), size):
        yield "".join(words[start : start + size])
