"""Keep the vectors of passages in the database."""

from collections.abc import Mapping, Sequence

from django.db import DatabaseError, close_old_connections, connection

from loquent.agents.models import PassageVector

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
