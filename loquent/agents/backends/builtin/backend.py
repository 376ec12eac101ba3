"""Provider `builtin`: answers from the agent's own knowledge, offline, without a model."""

import asyncio
import math
import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import replace

from loquent.agents.actions.results import CallResult, lines_of
from loquent.agents.actions.turn import TurnCalls
from loquent.agents.backends.base import Backend
from loquent.agents.backends.builtin.forms import Form, form_in, shown_result
from loquent.agents.backends.builtin.sentences import Sentences, sentences_for
from loquent.agents.backends.builtin.wishes import wished_action
from loquent.agents.search.courtesy import small_talk
from loquent.agents.search.index import Hit, retrieved_of, sources_of
from loquent.agents.search.indexed import Found
from loquent.agents.search.knowledge import questions_of, search_knowledge
from loquent.agents.search.refusal import MAX_CHOICES
from loquent.agents.search.words import question_terms
from loquent.agents.types import (
    BackendEvent,
    Choice,
    Passage,
    ReplyEnd,
    ReplyRequest,
    TextDelta,
)

CANDIDATES = 8
PASSAGES = 3
CHARS_PER_TOKEN = 4
TITLES = 5
MAX_PIECES = 120
# A further passage is quoted if it fits nearly as well as the best one.
NEAR = 0.4

_HEADING = re.compile(r"#{1,6} ([^\n]+)\n\s*(?=\S)")
_PIECE = re.compile(r"\S{1,24}\s*|\s+")


class BuiltinBackend(Backend):
    """Composes the answer of the best passages, verbatim, and streams it at a natural pace."""

    provider = "builtin"
    names = frozenset({"knowledge"})
    help = "builtin:knowledge is the built-in search, which needs no key and costs nothing."
    quotes_knowledge = True
    is_metered = False

    def __init__(self, pause: float = 0.012) -> None:
        """`pause`: seconds between two pieces."""
        self.pause = pause

    def label(self, name: str) -> str:
        return "Built-in search, no key needed"

    async def stream(self, request: ReplyRequest) -> AsyncGenerator[BackendEvent, None]:
        """Yield the answer and its sources; it needs no network and can't fail for want of one."""
        questions = questions_of(request.messages)
        question = questions[-1] if questions else ""
        found = await search_knowledge(request, CANDIDATES)
        if found.outcome == "person" and request.can_ask_person:
            # The visitor is told by the line that calls a person.
            yield ReplyEnd(wants_person=True)
            return
        form = await _form(request, question, found)
        if form is not None:
            answer, end = await fill(form, request)
            if end.wants_person:
                yield end
                return
        else:
            answer, end = compose(question, found, request.knowledge, request.visitor_language)
        limit = max(CHARS_PER_TOKEN * request.max_output_tokens, 1)
        for piece in pieces(shorten(answer, limit)):
            yield TextDelta(piece)
            await asyncio.sleep(self.pause)
        yield replace(end, retrieved=retrieved_of(found.hits, lambda hit: quoted(hit) in answer))


async def _form(request: ReplyRequest, question: str, found: Found) -> Form | None:
    """Return the form that the visitor fills in, or begins with this message."""
    if not request.actions or found.outcome == "person":
        return None
    form = form_in(request.messages, request.actions)
    is_value = form is not None and len(question.split()) == 1
    spec = None if is_value else await wished_action(question, request.actions, found)
    if form is not None and (spec is None or spec.id == form.spec.id):
        # A visitor who asks something else leaves the form.
        is_question = question.rstrip().endswith(("?", "？", "؟"))
        return None if is_question and found.outcome == "answer" and spec is None else form
    if spec is None:
        return None
    fallback = request.visitor_language or found.language
    form = Form(spec, sentences_for(question, fallback))
    form.fill_from(question)
    return form


async def fill(form: Form, request: ReplyRequest) -> tuple[str, ReplyEnd]:
    """Ask for the next value, or carry out the action once there are all."""
    say, spec = form.say, form.spec
    if (missing := form.missing) is not None and spec.risk != "person":
        return form.question(missing), ReplyEnd(choices=form.choices(missing))
    calls = TurnCalls(request.actions, request.calls, is_dry=request.is_dry)
    step = await calls.run_action(spec, form.values)
    if step.kind == "person":
        if request.can_ask_person:
            return "", ReplyEnd(wants_person=True)
        return say("person"), ReplyEnd(outcome="no_answer")
    if step.proposal is not None:
        proposal = replace(step.proposal, language=say.language)
        return say("confirm", title=spec.title), ReplyEnd(proposal=proposal)
    result = step.result or CallResult("refused")
    has_found = result.outcome == "succeeded" and bool(lines_of(result.data))
    end = ReplyEnd(outcome="answered" if has_found else "no_answer")
    return shown_result(say, spec, result), end


def compose(
    question: str, found: Found, knowledge: Sequence[Passage], browser_language: str = ""
) -> tuple[str, ReplyEnd]:
    """Return the answer to a question, in the visitor's language, and its end."""
    say = sentences_for(question, browser_language or found.language)
    refusal = ReplyEnd(outcome="no_answer")
    if found.outcome == "person":
        return _no_person(say, found)
    if not found.is_verbatim and (talk := small_talk(question)):
        titles = _titles(knowledge) if talk in ("hello", "robot") else []
        return " ".join(filter(None, [say(talk), offer(say, titles)])), ReplyEnd()
    if not knowledge:
        return say("empty"), refusal
    # By meaning, "Where are you?" finds an answer without having a search term.
    if found.outcome == "none" and not any(question_terms(question)):
        return f"{say('ask')} {offer(say, _titles(knowledge))}", ReplyEnd()
    if found.outcome == "choices":
        return _choices(say, found)
    if found.outcome == "answer":
        hits = found.relevant[:1] if found.is_verbatim else companions(found.relevant)[:PASSAGES]
        return quote(say, hits), ReplyEnd(sources=sources_of(hits))
    nearest = list(dict.fromkeys(hit.title for hit in found.hits))[:MAX_CHOICES]
    return f"{say('none')} {offer(say, nearest or _titles(knowledge))}", refusal


def _no_person(say: Sentences, found: Found) -> tuple[str, ReplyEnd]:
    """Say that no person is available, and quote the entry that may say how to reach one."""
    hits = [hit for hit in found.relevant[:1] if hit.words > 0]
    answer = "\n\n".join(filter(None, [say("person"), quote(say, hits)]))
    return answer, ReplyEnd(sources=sources_of(hits), outcome="no_answer")


def _choices(say: Sentences, found: Found) -> tuple[str, ReplyEnd]:
    titles = list(dict.fromkeys(hit.title for hit in found.relevant))[:MAX_CHOICES]
    choices = tuple(Choice(title=title, message=title) for title in titles)
    return say("choices", titles=say.quoted(titles)), ReplyEnd(choices=choices)


def companions(hits: Sequence[Hit]) -> list[Hit]:
    """Return the best passage, and those that match terms which earlier ones don't."""
    chosen: list[Hit] = []
    answered: frozenset[str] = frozenset()
    for hit in hits:
        if not chosen or (not hit.answers <= answered and hit.score >= NEAR * hits[0].score):
            chosen.append(hit)
            answered |= hit.answers
    return chosen


def quoted(hit: Hit) -> str:
    """Return the passage without a heading that only repeats the title above it."""
    heading = _HEADING.match(hit.text)
    is_title = heading is not None and heading[1].strip() == hit.title
    return hit.text[heading.end() :] if heading and is_title else hit.text


def quote(say: Sentences, hits: Sequence[Hit]) -> str:
    """Return the passages, each introduced by the title of its entry."""
    parts: list[str] = []
    title = None
    for hit in hits:
        if hit.title != title:
            parts.append(say("found" if title is None else "more", title=hit.title))
            title = hit.title
        parts.append(quoted(hit))
    return "\n\n".join(parts)


def offer(say: Sentences, titles: list[str]) -> str:
    """Return a sentence that names what can be asked about; empty if nothing is known."""
    return say("offer", titles=say.quoted(titles)) if titles else ""


def _titles(knowledge: Sequence[Passage]) -> list[str]:
    return list(dict.fromkeys(entry.title for entry in knowledge))[:TITLES]


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
