"""Many texts are encoded in a child process of the lowest priority; a sync has that done before."""

import asyncio
import os
import subprocess
from typing import Any

import numpy as np
import pytest
from pytest_django.fixtures import Settings

from loquent.agents.importing import sandbox
from loquent.agents.models import PassageVector
from loquent.agents.search import encoding as module
from loquent.agents.search import knowledge as knowledge_module
from loquent.agents.search.embedder import embedder
from loquent.agents.search.encoding import MANY, encoding
from loquent.agents.search.indexed import built_in_vectors
from loquent.agents.search.knowledge import search_knowledge, whole_knowledge
from loquent.agents.search.vectors import NoStore, use_store
from loquent.agents.services.loading import find_agent, request_of
from loquent.agents.services.vectors import DatabaseVectors
from loquent.agents.tests.replies import make_reply
from loquent.agents.tests.site import Site
from loquent.agents.tests.sources import Sources
from loquent.agents.types import Passage
from loquent.priority import LOWEST

TEXTS = [f"Parcel number {number} weighs {number} kg." for number in range(MANY)]


class Children:
    """The child processes that were started, with their priority."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, place: Any) -> None:
        self.pids: list[int] = []
        self.priorities: list[int] = []
        self._start = place.start_child
        monkeypatch.setattr(place, "start_child", self._note)

    def _note(self, *arguments: str, **options: int) -> subprocess.Popen[bytes]:
        child: subprocess.Popen[bytes] = self._start(*arguments, **options)
        self.pids.append(child.pid)
        self.priorities.append(os.getpriority(os.PRIO_PROCESS, child.pid))
        return child


@pytest.mark.costly
def test_many_texts_are_encoded_by_one_child_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    children = Children(monkeypatch, module)
    with encoding(embedder) as encoder:
        few = encoder.encode(TEXTS[:3])
        assert children.pids == []
        many = encoder.encode(TEXTS)
        again = encoder.encode(TEXTS[:1])
    assert children.priorities == [LOWEST]
    with pytest.raises(ProcessLookupError):
        os.kill(children.pids[0], 0)
    expected = embedder.encode(TEXTS[:3])
    for found in (few, many[:3], again):
        assert np.allclose(found, expected[: len(found)], atol=1e-5)
    assert many.shape == (MANY, embedder.dimensions)


@pytest.mark.costly
def test_without_the_child_texts_are_encoded_here(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    children = Children(monkeypatch, module)
    with encoding(embedder) as encoder:
        encoder.encode(TEXTS)
        os.kill(children.pids[0], 9)
        found = encoder.encode(TEXTS[:2])
        assert np.allclose(found, embedder.encode(TEXTS[:2]), atol=1e-5)
    monkeypatch.setattr(subprocess, "Popen", _no_process)
    with encoding(embedder) as encoder:
        assert encoder.encode(TEXTS).shape == (MANY, embedder.dimensions)
    assert len(children.pids) == 1
    assert "Parcel" not in caplog.text


def _no_process(*_: object, **__: object) -> None:
    raise BlockingIOError


@pytest.mark.django_db(transaction=True)
def test_sync_stores_the_vectors_of_its_pages_before_they_are_knowledge(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, sources: Sources, site: Site
) -> None:
    settings.MEANING = True
    monkeypatch.setattr(sandbox, "LOWEST", LOWEST)
    children = Children(monkeypatch, sandbox)
    site.fill(1)
    assert sources.add(f"{site.root}/")["pages"] == 2
    assert set(children.priorities) == {LOWEST}
    # Of two titles and two texts.
    assert PassageVector.objects.count() == 4

    def fail(texts: list[str]) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        # The vectors of questions without an answer are stored nowhere.
        built_in_vectors("en")
        patch.setattr(embedder, "encode", fail)
        found = find_agent(sources.agent.id)
        assert found is not None
        request = request_of(found, messages=()).request
        knowledge = whole_knowledge(request, 300)
    assert knowledge is not None
    assert knowledge.index.vectors is not None


async def test_questions_do_not_wait_for_the_index_of_large_knowledge(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEANING = True
    use_store(NoStore())
    monkeypatch.setattr(knowledge_module, "AWAITED_CHARS", 100)
    passages = [Passage("Gift cards", "Gift cards are valid for two years. " * 4, "", "1")]
    request = make_reply("How long are gift cards valid?", knowledge=passages).request
    waited = []
    wait = asyncio.wait

    async def watched(*given: Any, **how: Any) -> Any:
        waited.append(how)
        return await wait(*given, **how)

    monkeypatch.setattr(asyncio, "wait", watched)
    assert (await search_knowledge(request, 4)).hits[0].entry == "1"
    assert waited == []
    await asyncio.to_thread(whole_knowledge, request, 300)
    use_store(DatabaseVectors())
