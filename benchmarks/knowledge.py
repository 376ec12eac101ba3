"""How good answers from knowledge are, and what large knowledge costs.

    .venv/bin/python -m benchmarks.knowledge quality [--words]
    .venv/bin/python -m benchmarks.knowledge turns [--words]
    .venv/bin/python -m benchmarks.knowledge size [--passages 10000]

`quality` prints how many questions of the test data are answered, in percent, for each language;
by words alone with --words. `turns` prints how many questions are right after another one: those
that refer to it, changes of subject, and short questions of the test data after a question about
something else. `size` builds an index of invented passages of 30 words in this
process, as a server does, and prints the CPU seconds and memory of each step, how long the event
loop was blocked at that time, and the CPU milliseconds of a search. No database is used.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loquent.settings")
os.environ.setdefault("SECRET_KEY", "of-a-benchmark-" + "x" * 40)
os.environ.setdefault("DATABASE_URL", "sqlite://:memory:")
django.setup()

from django.conf import settings  # noqa: E402

from loquent.agents.search import vectors  # noqa: E402
from loquent.agents.search.embedder import embedder  # noqa: E402
from loquent.agents.search.knowledge import (  # noqa: E402
    Knowledge,
    search_knowledge,
    whole_knowledge,
)
from loquent.agents.types import ChatMessage, Passage, ReplyRequest  # noqa: E402
from loquent.asgi import tune_gc  # noqa: E402
from loquent.server.memory import return_large_blocks  # noqa: E402

DATA = Path(__file__).parents[1] / "loquent" / "agents" / "tests" / "data"
LANGUAGES = {
    "shop": ("en", "de"),
    "library": ("ar", "de", "en", "es", "fr", "it", "ja", "pl", "ru", "th", "tr", "zh"),
}
WORDS_EACH = 30
SEARCHES = 300
PAUSE = 0.005


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.knowledge")
    parser.add_argument("what", choices=("quality", "turns", "size"))
    parser.add_argument("--words", action="store_true", help="by words alone")
    parser.add_argument("--passages", type=int, default=10_000)
    options = parser.parse_args()
    vectors.use_store(vectors.NoStore())
    if options.what in ("quality", "turns"):
        settings.MEANING = not options.words
        print_quality() if options.what == "quality" else print_turns()
    else:
        print_size(options.passages)


def print_quality() -> None:
    """Print a line per set of questions."""
    print("set      language  right at 1  at 3  refused wrongly  rightly")
    for name, languages in LANGUAGES.items():
        questions = _rows(f"{name}.questions.jsonl")
        for language in languages:
            knowledge = _knowledge(name, language)
            asked = [q for q in questions if q["lang"] == language and q["kind"] != "handoff"]
            at_1, at_3, wrongly, rightly = _figures(knowledge, asked)
            print(f"{name:8} {language:8}  {at_1:10}  {at_3:4}  {wrongly:15}  {rightly:7}")


def print_turns() -> None:
    """Print a line per language: how many questions after another one are right, of how many."""
    print("set      language  follow-ups  switches  any question after another subject")
    turns = _rows("turns.jsonl")
    for name, languages in LANGUAGES.items():
        questions = [q for q in _rows(f"{name}.questions.jsonl") if q["gold"]]
        for language in languages:
            knowledge = _knowledge(name, language)
            asked = [t for t in turns if (t["set"], t["lang"]) == (name, language)]
            asked += _after_others([q for q in questions if q["lang"] == language])
            counts = []
            for kind in ("follow-up", "switch", "any"):
                right = [_is_right(knowledge, t) for t in asked if t["kind"] == kind]
                counts.append(f"{sum(right)} of {len(right)}" if right else "")
            print(f"{name:8} {language:8}  {counts[0]:>10}  {counts[1]:>8}  {counts[2]:>10}")


def _after_others(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each question that needs no other, after three about something else."""
    chance = random.Random(3)
    found = []
    for question in questions:
        others = [q for q in questions if q["gold"] != question["gold"]]
        if not question.get("previous"):
            found += [
                {**question, "kind": "any", "gold": question["gold"][0], "previous": q["question"]}
                for q in chance.sample(others, 3)
            ]
    return found


def _is_right(knowledge: Knowledge, turn: dict[str, Any]) -> bool:
    found = knowledge.search(turn["question"], turn["previous"], 4)
    return found.outcome in ("answer", "choices") and found.hits[0].entry == turn["gold"]


def _knowledge(name: str, language: str) -> Knowledge:
    rows = _rows(f"{name}.{language}.entries.jsonl")
    entries = [Passage(row["title"], row["content"], row["url"], row["id"]) for row in rows]
    knowledge = whole_knowledge(_request(entries, f"{name} {language}"), 600)
    if knowledge is None:
        raise TimeoutError
    return knowledge


def _figures(knowledge: Knowledge, questions: list[dict[str, Any]]) -> list[int]:
    found = [
        (q["gold"], knowledge.search(q["question"], q.get("previous", ""), 40)) for q in questions
    ]
    answerable = [
        (gold, result.outcome, list(dict.fromkeys(hit.entry for hit in result.hits)))
        for gold, result in found
        if gold
    ]
    return [
        _percent(out != "none" and ids[:1] == gold[:1] for gold, out, ids in answerable),
        _percent(out != "none" and gold[0] in ids[:3] for gold, out, ids in answerable),
        _percent(out == "none" for _, out, _ in answerable),
        _percent(result.outcome == "none" for gold, result in found if not gold),
    ]


def print_size(count: int) -> None:
    """Print what knowledge of so many passages costs."""
    tune_gc()
    return_large_blocks()
    entries = _invented(count)
    questions = [_text(random.Random(number), 6) for number in range(SEARCHES)]
    has_encoder = embedder.is_available
    if has_encoder:
        _timed("load the encoder", lambda: embedder.encode(["first"]))
    for meaning in (False, True) if has_encoder else (False,):
        settings.MEANING = meaning
        request = _request(entries, "meaning" if meaning else "words")
        what = "index with vectors" if meaning else "index by words"
        _timed(what, partial(_run_build, request))
        _print_searches(request, questions)


def _print_searches(request: ReplyRequest, questions: list[str]) -> None:
    knowledge = whole_knowledge(request, 3_600)
    if knowledge is None:
        raise TimeoutError
    spent = sorted(_cpu_ms(partial(knowledge.search, q, "", 4)) for q in questions)
    median, p95 = spent[len(spent) // 2], spent[int(0.95 * len(spent))]
    print(f"  search: median {median:.1f} ms, p95 {p95:.1f} ms of CPU")


def _run_build(request: ReplyRequest) -> None:
    asyncio.run(_build(request))


async def _build(request: ReplyRequest) -> None:
    """Build the index as a server does, and print the longest pause of its event loop."""
    search = asyncio.create_task(search_knowledge(request, 4))
    built = asyncio.create_task(asyncio.to_thread(whole_knowledge, request, 3_600))
    pauses = []
    while not built.done():
        before, spent = time.perf_counter(), time.process_time()
        await asyncio.sleep(PAUSE)
        late = time.perf_counter() - before - PAUSE
        # On a busy machine the process waits for a core, too: what held the loop up itself is at
        # most what its own threads computed in that time.
        pauses.append((1000 * late, 1000 * min(late, time.process_time() - spent)))
    await asyncio.gather(search, built)
    for name, times in (
        ("late", sorted(wall for wall, _ in pauses)),
        ("late by its own work", sorted(own for _, own in pauses)),
    ):
        p95, p999 = times[int(0.95 * len(times))], times[int(0.999 * len(times))]
        print(f"  event loop, ms {name}: p95 {p95:.1f}, p99.9 {p999:.1f}, at most {times[-1]:.1f}")


def _timed(what: str, work: Callable[[], object]) -> None:
    before, memory = time.process_time(), _memory()
    work()
    spent = time.process_time() - before
    print(f"{what}: {spent:.1f} s of CPU, {_memory() - memory:.0f} MB more")


def _cpu_ms(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return 1000 * (time.process_time() - before)


def _memory() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _invented(count: int) -> list[Passage]:
    chance = random.Random(1)
    return [
        Passage(_text(chance, 4), _text(chance, WORDS_EACH), "", str(number))
        for number in range(count)
    ]


def _text(chance: random.Random, words: int) -> str:
    """Return made-up words, of which a few are frequent and most are rare, among English ones."""
    parts = []
    for number in range(words):
        place = int(chance.paretovariate(0.6)) % 40_000
        syllables = (place % 14, place // 14 % 14, place // 196 % 14, place // 2_744)
        made = "".join("bdfgklmnprstvz"[s % 14] + "aeiou"[s % 5] for s in syllables)
        parts.append(("the", "is", "of", "and", "to")[number % 5] if number % 3 == 2 else made)
    return " ".join(parts)


def _request(entries: list[Passage], key: str) -> ReplyRequest:
    return ReplyRequest(
        agent_id=key,
        model="knowledge",
        instructions="",
        max_output_tokens=1_024,
        temperature=None,
        messages=(ChatMessage("user", "What is this about?"),),
        knowledge=tuple(entries),
        knowledge_version="1",
    )


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def _percent(values: Iterable[bool]) -> int:
    counted = list(values)
    return round(100 * sum(counted) / len(counted))


if __name__ == "__main__":
    main()
