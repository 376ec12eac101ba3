"""The vectors of passages, stored by a hash of their input, so that nothing is computed twice."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from loquent.agents.search.embedder import embedder
from loquent.agents.search.index import KnowledgeIndex
from loquent.agents.types import Passage

if TYPE_CHECKING:
    from loquent.agents.search.embedder import Vectors

# How many texts are computed and stored at once; a restart loses at most these.
PORTION = 256
# A title names the subject of its passage, and counts for half of the passage's own vector.
TITLE_SHARE = 0.5


class VectorStore(Protocol):
    """Keeps vectors as bytes (half-precision floats) by their key. May block: for threads only."""

    def load(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Return the stored ones of these keys."""

    def save(self, vectors: Mapping[bytes, bytes]) -> None:
        """Store new ones."""


class _NoStore:
    def load(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        return {}

    def save(self, vectors: Mapping[bytes, bytes]) -> None:
        pass


_store: VectorStore = _NoStore()


def use_store(store: VectorStore) -> None:
    """Set where this process keeps vectors; without one they are computed per process."""
    global _store  # noqa: PLW0603 - set once, when the app is ready
    _store = store


def vector_key(text: str) -> bytes:
    """Return the SHA-256 of the model, its dimensions and the text."""
    made_of = f"{embedder.model}\n{embedder.dimensions}\n{text}"
    return hashlib.sha256(made_of.encode("utf-8", "replace")).digest()


def add_vectors(index: KnowledgeIndex) -> None:
    """Compute or load the vectors of all passages of an index, and set them. May take long."""
    import numpy as np  # noqa: PLC0415 - see embedder.py

    texts = [text for passage in index.passages for text in encoded_texts(passage)]
    vectors = _all_vectors(list(dict.fromkeys(texts)))
    titles = np.stack([vectors[text] for text in texts[0::2]])
    wholes = np.stack([vectors[text] for text in texts[1::2]])
    mixed = wholes + TITLE_SHARE * titles
    mixed /= np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)
    index.vectors = mixed.astype(np.float32)


def encoded_texts(passage: Passage) -> tuple[str, str]:
    """Return the texts whose vectors make up that of a passage."""
    return passage.title, whole_text(passage)


def whole_text(passage: Passage) -> str:
    """Return what is encoded of a passage: its entry's title, then its own text."""
    return f"{passage.title}. {passage.content}"


def _all_vectors(texts: Sequence[str]) -> "dict[str, Vectors]":
    import numpy as np  # noqa: PLC0415 - see embedder.py

    found: dict[str, Vectors] = {}
    for start in range(0, len(texts), PORTION):
        portion = {vector_key(text): text for text in texts[start : start + PORTION]}
        stored = _store.load(list(portion))
        for key, data in stored.items():
            found[portion[key]] = np.frombuffer(data, np.float16).astype(np.float32)
        missing = [key for key in portion if key not in stored]
        if not missing:
            continue
        computed = embedder.encode([portion[key] for key in missing]).astype(np.float16)
        _store.save({key: row.tobytes() for key, row in zip(missing, computed, strict=True)})
        for key, row in zip(missing, computed, strict=True):
            # As it will be loaded: an answer must not depend on who computed the vector.
            found[portion[key]] = row.astype(np.float32)
    return found
