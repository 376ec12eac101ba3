"""Keep the vectors of passages in the database."""

from collections.abc import Iterator, Mapping, Sequence

from django.db import DatabaseError, close_old_connections, connection

from loquent.agents.backends.embeddings import name_of
from loquent.agents.models import KnowledgeEntry, PassageVector
from loquent.agents.search.embedder import embedder
from loquent.agents.search.index import passages_of
from loquent.agents.search.vectors import encoded_texts, vector_key
from loquent.agents.types import Passage

# SQLite accepts no more parameters in older versions.
AT_ONCE = 500


class DatabaseVectors:
    """The table of vectors, as a `VectorStore`. Without the database, vectors are computed."""

    def load(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Return the stored ones of these keys."""
        close_old_connections()
        try:
            rows = PassageVector.objects.filter(key__in=keys).values_list("key", "data")
            return {bytes(key): bytes(data) for key, data in rows}
        except DatabaseError:
            return {}
        finally:
            _release()

    def save(self, vectors: Mapping[bytes, bytes]) -> None:
        """Store new ones; another process may have stored the same."""
        close_old_connections()
        try:
            PassageVector.objects.bulk_create(
                [PassageVector(key=key, data=data) for key, data in vectors.items()],
                ignore_conflicts=True,
                batch_size=AT_ONCE,
            )
        except DatabaseError:
            return
        finally:
            _release()


def _release() -> None:
    """Close the thread's connection: indexes are built too rarely to keep one for them."""
    if not connection.in_atomic_block:
        connection.close()


def unused_vectors() -> list[bytes]:
    """Return the keys of the vectors that no passage of any agent needs."""
    # Read before the entries: what is stored in the meantime belongs to a new one, and stays.
    stored = {bytes(key) for key in PassageVector.objects.values_list("key", flat=True)}
    if stored:
        stored.difference_update(_needed_vectors())
    return sorted(stored)


def delete_vectors(keys: Sequence[bytes]) -> int:
    """Delete the vectors with these keys, at most AT_ONCE; return how many there were."""
    return PassageVector.objects.filter(key__in=keys).delete()[0]


def _needed_vectors() -> Iterator[bytes]:
    entries = KnowledgeEntry.objects.order_by().values_list(
        "title",
        "content",
        "agent__connection",
        "agent__connection__base_url",
        "agent__connection__embedding_model",
    )
    for title, content, connection_id, address, model in entries.iterator(chunk_size=AT_ONCE):
        makers = [(embedder.model, embedder.dimensions)]
        if model:
            makers.append((name_of(str(connection_id), address, model), 0))
        for passage in passages_of(Passage(title, content, "")):
            for text in encoded_texts(passage):
                yield from (vector_key(text, *maker) for maker in makers)
