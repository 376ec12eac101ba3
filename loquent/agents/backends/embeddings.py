"""Turn texts into vectors at an organization's own OpenAI-compatible endpoint, `/embeddings`."""

import asyncio
import atexit
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, TypeVar

from cachetools import LRUCache

from loquent.agents.backends.connected import ProbeError
from loquent.agents.backends.openai_chat.probe import EMBEDDING_ADDRESS, read_embeddings
from loquent.agents.backends.openai_chat.sessions import HttpSessions, guarded_connector
from loquent.agents.search.embedder import MAX_CHARS, Embedder
from loquent.agents.types import ModelEndpoint

if TYPE_CHECKING:
    from loquent.agents.search.embedder import Vectors

T = TypeVar("T")
BATCH = 64
SECONDS = 30.0
# How long a visitor's question waits for its vector. Then words alone find its answer.
QUESTION_SECONDS = 0.3
# After a failure, questions don't wait for so long.
PAUSE_SECONDS = 30.0
# More would only cost memory: the models with longer vectors are made to be cut.
MAX_DIMENSIONS = 1_024


class EndpointEmbedder(Embedder):
    """A model behind a connection. Call it on threads only."""

    may_be_slow = True

    def __init__(self, endpoint: ModelEndpoint) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.model = name_of(endpoint.id, endpoint.base_url, endpoint.embedding_model)
        # Known once the first vector has come.
        self.dimensions = 0
        self._paused_until = 0.0

    @property
    def is_available(self) -> bool:
        """Return True: whether it answers shows when it is asked."""
        return True

    def understands(self, language: str) -> bool:
        """Return True: such models know about all languages."""
        return True

    def encode(self, texts: Sequence[str]) -> "Vectors":
        """Return one normalized vector per text; raise ProbeError or TimeoutError."""
        import numpy as np  # noqa: PLC0415 - see search/embedder.py

        cut = [text[:MAX_CHARS] or " " for text in texts]
        parts = [
            self._ask(cut[start : start + BATCH], SECONDS) for start in range(0, len(cut), BATCH)
        ]
        return np.concatenate(parts) if parts else np.empty((0, self.dimensions), np.float32)

    def encode_question(self, texts: Sequence[str]) -> "Vectors | None":
        """Return the vectors, or None if they don't come in time."""
        if time.monotonic() < self._paused_until:
            return None
        try:
            return self._ask([text[:MAX_CHARS] or " " for text in texts], QUESTION_SECONDS)
        except (ProbeError, TimeoutError):
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            return None

    def _ask(self, texts: list[str], seconds: float) -> "Vectors":
        import numpy as np  # noqa: PLC0415 - see search/embedder.py

        work = partial(read_embeddings, _sessions.get, self.endpoint, texts)
        rows = _loop().run(work, seconds)
        vectors = np.asarray(rows, np.float32)[:, :MAX_DIMENSIONS]
        if not np.isfinite(vectors).all() or self.dimensions not in {0, vectors.shape[1]}:
            raise ProbeError("The vectors can't be used.", EMBEDDING_ADDRESS)
        self.dimensions = vectors.shape[1]
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        result: Vectors = vectors / np.maximum(norms, 1e-9)
        return result


def name_of(connection_id: str, base_url: str, model: str) -> str:
    """Return what names the vectors of a connection's model."""
    return f"{connection_id} {base_url} {model}"


_embedders: LRUCache[str, EndpointEmbedder] = LRUCache(1_000)
_lock = threading.Lock()
_sessions = HttpSessions(guarded_connector)


def embedder_of(endpoint: ModelEndpoint) -> EndpointEmbedder:
    """Return the embedder of a connection that has a model for it, with its present key."""
    with _lock:
        name = name_of(endpoint.id, endpoint.base_url, endpoint.embedding_model)
        found = _embedders.get(name)
        if found is None:
            found = _embedders[name] = EndpointEmbedder(endpoint)
        found.endpoint = endpoint
        return found


class _Loop:
    """An event loop on a thread of its own, whose connections are kept alive."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        name = "loquent-embeddings"
        threading.Thread(target=self._loop.run_forever, name=name, daemon=True).start()
        atexit.register(self.run, _sessions.close, 1.0)

    def run(self, work: Callable[[], Awaitable[T]], seconds: float) -> T:
        """Return the result of asynchronous work; raise TimeoutError after `seconds`."""

        async def limited() -> T:
            async with asyncio.timeout(seconds):
                return await work()

        return asyncio.run_coroutine_threadsafe(limited(), self._loop).result()


@cache
def _loop() -> _Loop:
    return _Loop()
