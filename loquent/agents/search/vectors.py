"""The vectors of passages, stored by a hash of their input, so that nothing is computed twice."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from loquent.agents.search.embedder import Embedder, embedder
from loquent.agents.search.encoding import Encoding, encoding
from loquent.agents.search.index import KnowledgeIndex
from loquent.agents.types import Passage

if TYPE_CHECKING:
    from loquent.agents.search.embedder import Vectors

# How many passages are computed and stored at once; a restart loses at most these.
PORTION = 128
# A title names the subject of its passage, and counts for half of the passage's own vector.
TITLE_SHARE = 0.5


class VectorStore(Protocol):
    """Keeps vectors as bytes (half-precision floats) by their key. May block: for threads only."""

    def load(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Return the stored ones of these keys."""

    def save(self, vectors: Mapping[bytes, bytes]) -> None:
        """Store new ones."""


class NoStore:
    """Keeps nothing: every process computes all its vectors."""

    def load(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Return none."""
        return {}

    def save(self, vectors: Mapping[bytes, bytes]) -> None:
        """Do nothing."""


_store: VectorStore = NoStore()


def use_store(store: VectorStore) -> None:
    """Set where this process keeps vectors; without one they are computed per process."""
    global _store  # noqa: PLW0603 - set once, when the app is ready
    _store = store


def vector_key(
    text: str, model: str = embedder.model, dimensions: int = embedder.dimensions
) -> bytes:
    """Return the SHA-256 of the model, its dimensions (0: any) and the text."""
    made_of = f"{model}\n{dimensions}\n{text}"
    return hashlib.sha256(made_of.encode("utf-8", "replace")).digest()


def add_vectors(index: KnowledgeIndex, embedder: Embedder) -> None:
    """Compute or load the vectors of all passages of an index, and set them. May take long."""
    import numpy as np  # noqa: PLC0415 - see embedder.py

    parts = []
    with encoding(embedder) as encoder:
        # In portions, so that memory stays small and no step holds up the event loop.
        for start in range(0, len(index.passages), PORTION):
            passages = index.passages[start : start + PORTION]
            texts = [text for passage in passages for text in encoded_texts(passage)]
            vectors = vectors_of(list(dict.fromkeys(texts)), embedder, encoder)
            rows = np.stack([vectors[text] for text in texts[1::2]])
            rows += TITLE_SHARE * np.stack([vectors[text] for text in texts[0::2]])
            rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
            parts.append(rows)
    index.vectors = np.concatenate(parts) if parts else np.empty((0, 1), np.float32)


def store_vectors(
    passages: Iterable[Passage], embedder: Embedder, check: Callable[[], None]
) -> None:
    """Compute and store the vectors of passages that have none; call `check` in between."""
    texts = list(dict.fromkeys(text for passage in passages for text in encoded_texts(passage)))
    with encoding(embedder) as encoder:
        for start in range(0, len(texts), PORTION):
            check()
            vectors_of(texts[start : start + PORTION], embedder, encoder)


def encoded_texts(passage: Passage) -> tuple[str, str]:
    """Return the texts whose vectors make up that of a passage."""
    return passage.title, whole_text(passage)


def whole_text(passage: Passage) -> str:
    """Return what is encoded of a passage: its entry's title, its headings, then its own text."""
    return ". ".join(filter(None, (passage.title, passage.heading, passage.content)))


def vectors_of(
    texts: Sequence[str], embedder: Embedder, encoder: Encoding | None = None
) -> "dict[str, Vectors]":
    """Return the vectors of different texts, loaded, or computed by `encoder` and stored."""
    import numpy as np  # noqa: PLC0415 - see embedder.py

    size = 0 if embedder.may_be_slow else embedder.dimensions
    keys = {vector_key(text, embedder.model, size): text for text in texts}
    stored = _store.load(list(keys))
    missing = [key for key in keys if key not in stored]
    computed: dict[bytes, bytes] = {}
    if missing:
        rows = (encoder or embedder).encode([keys[key] for key in missing]).astype(np.float16)
        computed = {key: row.tobytes() for key, row in zip(missing, rows, strict=True)}
        _store.save(computed)
    # Also the new ones as they will be loaded: an answer must not depend on who computed them.
    return {
        keys[key]: np.frombuffer(data, np.float16).astype(np.float32)
        for key, data in (*stored.items(), *computed.items())
    }
