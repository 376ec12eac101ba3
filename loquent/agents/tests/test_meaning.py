"""The encoder, and knowledge that is searched with it and without."""

import asyncio
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest_django.fixtures import Settings

from loquent.agents.models import PassageVector
from loquent.agents.search import background
from loquent.agents.search import embedder as module
from loquent.agents.search import knowledge as knowledge_module
from loquent.agents.search.embedder import embedder
from loquent.agents.search.knowledge import search_knowledge, whole_knowledge
from loquent.agents.search.vectors import use_store, vector_key
from loquent.agents.services.vectors import DatabaseVectors
from loquent.agents.tests.replies import make_reply
from loquent.agents.types import Passage
from loquent.testing.process import plain_environment
from loquent.testing.waiting import COMMAND_SECONDS, WAIT_SECONDS

SHOP = [
    Passage("Shipping costs", "Standard shipping costs 5 euros in all countries.", "", "1"),
    Passage("Opening hours", "The shop is open from 9 to 18 o'clock.", "", "2"),
    Passage("Gift cards", "Gift cards are valid for two years.", "", "3"),
]


def test_vectors_are_those_of_the_pinned_weights() -> None:
    english, german = embedder.encode(["What does shipping cost?", "Was kostet der Versand?"])
    assert english.shape == (512,)
    assert english[:4].tolist() == pytest.approx([0.0075, -0.0287, -0.0397, 0.0366], abs=0.002)
    assert float(english @ german) == pytest.approx(0.8049, abs=0.002)


@pytest.mark.parametrize(
    "question", ["Wie hoch sind die Versandkosten?", "送料はいくらですか", "Frais de port ?"]
)
@pytest.mark.django_db(transaction=True)
def test_question_in_another_language_is_found_by_meaning(
    settings: Settings, question: str
) -> None:
    settings.MEANING = True
    knowledge = whole_knowledge(make_reply(knowledge=SHOP).request, 300)
    assert knowledge is not None
    found = knowledge.search(question)
    assert (found.outcome, found.hits[0].entry) == ("answer", "1")
    assert found.hits[0].meaning is not None


def test_without_the_package_words_answer(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEANING = True
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    knowledge = whole_knowledge(make_reply(knowledge=SHOP).request, 300)
    assert knowledge is not None
    found = knowledge.search("When are gift cards valid?")
    assert (found.outcome, found.hits[0].entry, found.hits[0].meaning) == ("answer", "3", None)


def test_encoder_that_fails_leaves_words(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(texts: list[str]) -> None:
        raise MemoryError(texts)

    settings.MEANING = True
    monkeypatch.setattr(embedder, "encode", fail)
    use_store(_Empty())
    knowledge = whole_knowledge(make_reply(knowledge=SHOP).request, 300)
    use_store(DatabaseVectors())
    assert knowledge is not None
    assert knowledge.search("When are gift cards valid?").hits[0].entry == "3"
    assert "MemoryError" in caplog.text
    assert "Gift" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_vectors_are_stored_once_and_loaded_afterwards(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEANING = True
    assert whole_knowledge(make_reply(knowledge=SHOP).request, 300) is not None
    keys = {bytes(key) for key in PassageVector.objects.values_list("key", flat=True)}
    assert vector_key("Gift cards") in keys
    assert len(keys) == 2 * len(SHOP)
    encoded: list[str] = []
    encode = embedder.encode

    def watched(texts: list[str]) -> object:
        encoded.extend(texts)
        return encode(texts)

    monkeypatch.setattr(embedder, "encode", watched)
    again = whole_knowledge(make_reply(knowledge=SHOP).request, 300)
    assert again is not None
    assert again.index.vectors is not None
    assert encoded == []


class _Empty:
    def load(self, keys: object) -> dict[bytes, bytes]:
        return {}

    def save(self, vectors: object) -> None:
        pass


async def test_only_questions_right_after_a_change_wait_for_the_new_index(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encode_at_last(texts: list[str]) -> object:
        assert release.wait(WAIT_SECONDS)
        raise MemoryError

    settings.MEANING = True
    use_store(_Empty())
    request = make_reply("When are gift cards valid?", knowledge=SHOP).request
    assert await asyncio.to_thread(whole_knowledge, request, 300) is not None
    release = threading.Event()
    monkeypatch.setattr(embedder, "encode", encode_at_last)
    changed = replace(request, knowledge_version="2", knowledge=tuple(SHOP[:2]))
    waited: list[float | None] = []
    wait = asyncio.wait

    async def watched(futures: list[object], *, timeout: float | None) -> object:
        waited.append(timeout)
        return await wait(futures, timeout=0)  # type: ignore[type-var]

    monkeypatch.setattr(asyncio, "wait", watched)
    monkeypatch.setattr(embedder, "encode_question", lambda texts: None)
    first = await search_knowledge(changed, 4)
    assert first.hits[0].entry == "3"
    [left] = waited
    assert left is not None
    assert 0 < left <= knowledge_module.WAIT_SECONDS
    began = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: began + 5)
    await search_knowledge(changed, 4)
    assert waited[1:] == [0.0]
    release.set()
    await asyncio.to_thread(whole_knowledge, changed, 300)
    use_store(DatabaseVectors())


def test_indexing_lets_other_threads_run_more_often(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []

    def fail(texts: list[str]) -> None:
        seen.append(sys.getswitchinterval())
        raise MemoryError

    settings.MEANING = True
    monkeypatch.setattr(embedder, "encode", fail)
    use_store(_Empty())
    assert whole_knowledge(make_reply(knowledge=SHOP).request, 300) is not None
    use_store(DatabaseVectors())
    assert seen == [pytest.approx(background.SECONDS)]


def test_usual_interval_returns_when_the_last_of_them_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    intervals: list[float] = []
    monkeypatch.setattr(background, "_running", 0)
    monkeypatch.setattr(background, "sys", SimpleNamespace(setswitchinterval=intervals.append))
    with background.in_background():
        with background.in_background():
            pass
        assert intervals == [background.SECONDS] * 2
    assert intervals[2:] == [0.005]


@pytest.mark.server
def test_encoder_computes_on_the_thread_that_calls_it_only() -> None:
    code = (
        "import django, time\n"
        "django.setup()\n"
        "from loquent.agents.search.embedder import embedder\n"
        "embedder.encode(['How long does shipping take?'] * 64)\n"
        "print(time.process_time() / time.thread_time())\n"
    )
    environment = plain_environment(
        DJANGO_SETTINGS_MODULE="loquent.settings",
        DATABASE_URL="sqlite://:memory:",
        SECRET_KEY="x" * 50,
    )
    # This process has set it already.
    environment.pop("OPENBLAS_NUM_THREADS", None)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=True,
    )
    assert float(done.stdout) < 1.05
